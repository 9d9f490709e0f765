/** The store cannot be reached now. Nothing is known: never read it as absence. Retry later. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
  readonly code = 'STORE_UNAVAILABLE'

  constructor(fault: string, cause?: unknown) {
    super(`the store is unavailable: ${fault}`, { cause })
  }
}

/** The store cannot be opened as it is. A new start cannot help; the operator must act. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused'
  readonly code = 'STORE_REFUSED'
  readonly location: string

  constructor(location: string, fault: string, cause?: unknown) {
    super(`store \`${location}\`: ${fault}`, { cause })
    this.location = location
  }
}
