import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { CheckRequest, ClientDecision, SallyportClient } from 'sallyport/client'

/**
 * A gateway in a hundred lines: an HTTP proxy that lets people tunnel to applications by name, and
 * asks before it does. It shows the order in which a gateway works:
 *
 *   1. Find out who it is. Sallyport decides what somebody may do, not whether it is them.
 *   2. Say what was asked for, and what is known about it: the device, where it comes from.
 *   3. Open the connection only after an allow, and only to what was asked about.
 *   4. Ask again while it is open, and end it when the answer has changed.
 *
 * `gateway.ts` beside it runs it.
 */
export interface GatewayOptions {
  readonly sallyport: SallyportClient
  /** Who it is; undefined: nobody we know. */
  readonly login: (name: string, password: string) => Person | undefined
  /** Opens the way to an application. */
  readonly connect: (host: string, port: number) => Socket
  readonly port: number
  /** How often an open tunnel is asked about again. */
  readonly recheckMs: number
}
export interface Person {
  readonly userName: string
  /** What the gateway has verified of the device itself. Never what the device says of itself. */
  readonly posture: Readonly<Record<string, boolean>>
}
export interface Gateway {
  readonly port: number
  close(): void
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const tunnels = new Set<Duplex>()
  const server = createServer((_, response) => {
    response.writeHead(405).end('this proxy only tunnels: use CONNECT\n')
  })
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    tunnels.add(client)
    client.on('close', () => tunnels.delete(client))
    client.on('error', () => client.destroy())
    // Whatever is thrown here must end in a closed door.
    open(options, request, client, head).catch(() => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(options.port, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close()
      for (const tunnel of tunnels) tunnel.destroy()
    },
  }
}

async function open(
  { sallyport, login, connect, recheckMs }: GatewayOptions,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
): Promise<void> {
  const person = personOf(request, login)
  if (person === undefined) {
    return refuse(client, '407 Proxy Authentication Required', 'who are you?')
  }
  const target = targetOf(request.url ?? '')
  if (target === undefined) return refuse(client, '400 Bad Request', 'expected HOST:PORT')
  const { host, port } = target

  const attempt: CheckRequest = {
    user: person.userName,
    ...(isIP(host) === 0 ? { host } : { ip: host }),
    port,
    protocol: 'tcp',
    context: { sourceIp: request.socket.remoteAddress, posture: person.posture },
  }
  // Never throws. Whatever goes wrong, from a full queue to a dead server, is a block.
  const decision = await sallyport.check(attempt)
  if (!decision.allowed) return refuse(client, '403 Forbidden', explain(decision))
  // Somebody may have given up meanwhile; nothing would ever end what is opened for them.
  if (client.destroyed) return

  const upstream = connect(host, port)
  upstream.on('error', () => client.destroy())
  upstream.on('close', () => client.destroy())
  client.on('close', () => upstream.destroy())
  upstream.on('connect', () => {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    if (head.length > 0) upstream.write(head)
    client.pipe(upstream).pipe(client)
  })

  // A tunnel may stay open for days, and people leave within minutes.
  const recheck = setInterval(async () => {
    if (!(await sallyport.check(attempt)).allowed) client.destroy()
  }, recheckMs)
  client.on('close', () => clearInterval(recheck))
}

/** What the person reads. The reason and the decision id lead an administrator to the rest. */
function explain({ message, reason, decisionId }: ClientDecision): string {
  return `${message || 'You may not reach this.'} (${reason}${decisionId && `, ${decisionId}`})`
}

function refuse(client: Duplex, status: string, text: string): void {
  const body = `${text}\n`
  const head = [
    `HTTP/1.1 ${status}`,
    ...(status.startsWith('407') ? ['Proxy-Authenticate: Basic realm="gateway"'] : []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Content-Type: text/plain; charset=utf-8',
    'Connection: close',
  ]
  client.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function personOf(request: IncomingMessage, login: GatewayOptions['login']): Person | undefined {
  const sent = /^Basic ([A-Za-z0-9+/=]+)$/.exec(request.headers['proxy-authorization'] ?? '')
  if (sent === null) return undefined
  const text = Buffer.from(sent[1]!, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : login(text.slice(0, colon), text.slice(colon + 1))
}

function targetOf(url: string): { host: string; port: number } | undefined {
  const [, host, port] = /^\[?([^\s[\]]+?)\]?:(\d{1,5})$/.exec(url) ?? []
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined
  return { host, port: Number(port) }
}
