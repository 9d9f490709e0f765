/** An address cannot be listened on. Free it or configure another; nothing was started. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly code = 'LISTEN_REFUSED'
  readonly address: string

  /** `setting` is where the config says it: `listen.grpc.address`. */
  constructor(host: string, port: number, setting: string, cause: unknown) {
    const address = toAddress(host, port)
    super(`cannot listen on \`${address}\`: ${adviceFor(cause, setting)}`, { cause })
    this.address = address
  }
}

/** `host:port`, an IPv6 host in brackets. */
export function toAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function adviceFor(cause: unknown, setting: string): string {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
  switch (code) {
    case 'EADDRINUSE':
      return `another process listens there (${code}); stop it or change \`${setting}\``
    case 'EACCES':
      return `ports below 1024 need a privilege (${code}); give \`${setting}\` a higher one`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `this machine has no such address (${code}); give \`${setting}\` one of its own`
    default:
      return `${code}; look at \`${setting}\``
  }
}
