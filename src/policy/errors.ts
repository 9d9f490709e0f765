/**
 * A stored policy that this process cannot compile: damaged, or written by a newer Sallyport. The
 * caller puts no policy into use for that tenant, so all of it blocks, and says so in readiness: an
 * older version must not outlive the one that replaced it.
 */
export class PolicyDocumentError extends Error {
  override readonly name = 'PolicyDocumentError'
  readonly code = 'POLICY_DOCUMENT_UNREADABLE'
  readonly why: string

  constructor(why: string) {
    super(`the stored policy cannot be used: ${why}`)
    this.why = why
  }
}
