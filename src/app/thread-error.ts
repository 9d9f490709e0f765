/**
 * An error on its way between threads. What crosses by itself keeps neither the class nor the
 * `code`, and it is the code by which the command line tells a fault of the setup from a bug.
 */
export interface ThreadError {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
  readonly stack: string | undefined
}

export function packError(error: unknown): ThreadError {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), code: undefined, stack: undefined }
  }
  const { name, message, stack } = error
  const { code } = error as NodeJS.ErrnoException
  return { name, message, code: typeof code === 'string' ? code : undefined, stack }
}

/** The error again: its class is lost, what it says is not. */
export function unpackError({ name, message, code, stack }: ThreadError): Error {
  const error = new Error(message)
  error.name = name
  if (stack !== undefined) error.stack = stack
  return code === undefined ? error : Object.assign(error, { code })
}
