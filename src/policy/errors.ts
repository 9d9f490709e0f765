/**
 * A stored policy that this process cannot compile: damaged, or written by a newer Sallyport. The
 * caller keeps the version it has, or none, and reports itself not ready.
 */
export class PolicyDocumentError extends Error {
  override readonly name = 'PolicyDocumentError'
  readonly code = 'POLICY_DOCUMENT_UNREADABLE'

  constructor(why: string) {
    super(`the stored policy cannot be used: ${why}`)
  }
}
