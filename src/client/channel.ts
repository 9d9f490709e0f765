import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import { type ChannelCredentials, Client, credentials, Metadata } from '@grpc/grpc-js'
import { isLoopback } from '../std/loopback.ts'
import { ClientOptionsError } from './errors.ts'

/** How the gateway proves who it is, and whom it believes to be the server. */
export interface CredentialOptions {
  /** PEM. Without it the channel is plain text, which a server takes on loopback alone. */
  readonly tls?: {
    /** Who signs the server's certificate; without it, whom Node trusts. */
    readonly ca?: string | Uint8Array
    /** The certificate whose URI SAN is the gateway's identity, and its key. */
    readonly cert?: string | Uint8Array
    readonly key?: string | Uint8Array
  }
  /** From `sallyport token create --connector`. */
  readonly token?: string
}

export interface Channel {
  readonly client: Client
  /** Goes along with every call. */
  readonly metadata: Metadata
  /** Unary calls under way, which closing the channel would let wait. */
  readonly calls: Set<{ cancel(): void }>
}

/** Asking again is harmless for Check; only UNAVAILABLE says that nobody has answered. */
const serviceConfig = {
  methodConfig: [
    {
      name: [{ service: 'sallyport.v1.DecisionService', method: 'Check' }],
      retryPolicy: {
        maxAttempts: 3,
        initialBackoff: '0.01s',
        maxBackoff: '0.1s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
    },
  ],
  // A server in trouble is not helped by three times the load.
  retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
}

/** Between attempts to connect, for streams (with full jitter) and for the channel beneath. */
export const [reconnectMsMin, reconnectMsMax] = [100, 30_000]

const channelOptions = {
  'grpc.service_config': JSON.stringify(serviceConfig),
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': reconnectMsMin,
  'grpc.max_reconnect_backoff_ms': reconnectMsMax,
  // As often as the server does: a peer that vanished without a word is found in 40 s.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.enable_channelz': 0,
}

/** `host:port`, which may be named as a target of DNS (gRPC naming). */
const addressForm = /^(?:dns:\/\/\/)?(?:\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i

/** Connects on the first call. @throws {ClientOptionsError} when a part of it cannot be used. */
export function openChannel(address: string, options: CredentialOptions): Channel {
  if (!addressForm.test(address)) {
    throw new ClientOptionsError(`\`${address}\` is no address: give it as \`host:port\``)
  }
  const metadata = new Metadata()
  const { token, tls } = options
  if (token !== undefined) {
    // RFC 6750 §2.1; anything else would not arrive as it was meant.
    if (!/^[\w.~+/-]+=*$/.test(token)) {
      throw new ClientOptionsError('`token` holds what no token has: give it without spaces')
    }
    if (tls === undefined && !isLoopback(hostOf(address))) {
      const why = 'anybody on the way could read it: set `tls`'
      throw new ClientOptionsError(`a token in plain text to \`${address}\` is refused, ${why}`)
    }
    metadata.set('authorization', `Bearer ${token}`)
  }
  const ip = isIP(hostOf(address)) === 0 ? undefined : hostOf(address)
  const client = new Client(address, credentialsOf(tls, ip), {
    ...channelOptions,
    ...(ip !== undefined && withoutServerName),
    ...(tls === undefined && withoutProxy),
  })
  return { client, metadata, calls: new Set() }
}

/**
 * An address is no server name (RFC 6066 §3): Node refuses one, and grpc-js sends whatever host
 * there is. So a name that exists nowhere is sent, and the certificate is held against the address.
 */
const withoutServerName = { 'grpc.ssl_target_name_override': 'sallyport.invalid' }

/**
 * grpc-js takes `grpc_proxy`, `https_proxy` and `http_proxy` of the environment, for loopback too:
 * what is plain text because it stays on this machine would go to another, and be answered there.
 */
const withoutProxy = { 'grpc.enable_http_proxy': 0 }

/** Ends every call. */
export function closeChannel({ client, calls }: Channel): void {
  for (const call of calls) call.cancel()
  client.close()
}

function credentialsOf(tls: CredentialOptions['tls'], ip: string | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure()
  const { ca, cert, key } = tls
  if ((cert === undefined) !== (key === undefined)) {
    throw new ClientOptionsError('`tls` needs both of `cert` and `key`, or neither')
  }
  const bytes = (pem: string | Uint8Array | undefined) =>
    pem === undefined ? null : Buffer.from(pem as string)
  try {
    return credentials.createSsl(bytes(ca), bytes(key), bytes(cert), {
      ...(ip !== undefined && {
        checkServerIdentity: (_, certificate) => checkServerIdentity(ip, certificate),
      }),
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ClientOptionsError(`\`tls\` cannot be used: ${why}`)
  }
}

/** Of `host:port`; an address of another form is none that is known to be loopback. */
function hostOf(address: string): string {
  return /^\[?(.*?)\]?:\d+$/.exec(address)?.[1] ?? ''
}
