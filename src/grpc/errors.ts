/** The gRPC address cannot be listened on. Free it or configure another; nothing was started. */
export class ListenRefused extends Error {
  override readonly name = 'ListenRefused'
  readonly code = 'GRPC_LISTEN_REFUSED'
  readonly address: string

  constructor(address: string, cause: NodeJS.ErrnoException) {
    super(`cannot listen on \`${address}\`: ${adviceFor(cause)}`, { cause })
    this.address = address
  }
}

function adviceFor(cause: NodeJS.ErrnoException): string {
  switch (cause.code) {
    case 'EADDRINUSE':
      return 'another process listens there; stop it or set `listen.grpc.address`'
    case 'EACCES':
      return 'ports below 1024 need a privilege; set `listen.grpc.address` to a higher one'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'this machine has no such address; set `listen.grpc.address` to one of its own'
    default:
      return `${cause.code ?? cause.message}; check \`listen.grpc.address\``
  }
}
