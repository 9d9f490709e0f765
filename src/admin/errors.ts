/** The admin listener cannot start. Choose another address or end what uses it. Exit 3. */
export class AdminListenError extends Error {
  override readonly name = 'AdminListenError'
  readonly code = 'ADMIN_LISTEN'

  constructor(host: string, port: number, cause: unknown) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause)
    super(`admin cannot listen on \`${host}:${port}\` (${why}): change \`listen.admin\``, { cause })
  }
}
