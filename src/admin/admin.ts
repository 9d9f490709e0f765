import { Server } from 'node:tls'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Observer } from '../observe/observe.ts'
import { ListenError } from '../std/listen-error.ts'

/**
 * admin: what operators and their machines ask of a process.
 *
 * `/livez` says that the event loop turns and never asks the store. `/readyz` says whether
 * decisions are served, and every reason why not. `/metrics` is Prometheus text. Nothing here
 * changes anything or names a person, so it needs no credential; it listens on loopback unless the
 * config says otherwise.
 *
 * Not here: deciding what is ready (app/), counting (observe/).
 */
export interface AdminServer extends AsyncDisposable {
  readonly url: string
  /** New connections get this certificate. */
  replaceTls(tls: { readonly cert: Buffer; readonly key: Buffer }): void
}

export interface AdminOptions {
  readonly listen: {
    readonly host: string
    readonly port: number
    /** PEM. */
    readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
  }
  readonly readiness: () => Promise<Readiness>
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>
  readonly observer: Observer
}

export interface Readiness {
  readonly ready: boolean
  /** Why not, or what to look at although it is ready. */
  readonly reasons: readonly string[]
  readonly revision: string
  /** Tenants that block everything because no policy was ever published. */
  readonly tenantsWithoutPolicy: readonly string[]
}

export async function serveAdmin(options: AdminOptions): Promise<AdminServer> {
  const { host, port, tls } = options.listen
  const http = { headersTimeout: 3000, requestTimeout: 5000, connectionsCheckingInterval: 500 }
  const common = { bodyLimit: bodyBytesMax, logger: false, forceCloseConnections: true } as const
  // Fastify's type depends on the protocol, what is used of it here does not.
  const server: FastifyInstance =
    tls === undefined
      ? Fastify({ ...common, http })
      : (Fastify({ ...common, https: { ...http, ...tls } }) as never)

  server.get('/livez', () => ({ live: true }))
  server.get('/readyz', async (_, reply) => {
    const { ready, reasons, revision, tenantsWithoutPolicy } = await options.readiness()
    const body = { ready, reasons, revision, tenants_without_policy: tenantsWithoutPolicy }
    return reply.code(ready ? 200 : 503).send(body)
  })
  server.get('/metrics', async (_, reply) => {
    const { text, contentType } = await options.metrics()
    return reply.type(contentType).send(text)
  })
  server.setNotFoundHandler((_, reply) =>
    reply.code(404).send({ error: 'not found', try: ['/livez', '/readyz', '/metrics'] }),
  )
  server.setErrorHandler((error: Error & { readonly statusCode?: number }, _, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return reply.code(status).send({ error: 'bad request' })
    options.observer.internalError({ room: 'admin', error })
    return reply.code(500).send({ error: 'internal error' })
  })

  try {
    const url = await server.listen({ host, port })
    return {
      url,
      replaceTls: ({ cert, key }) => {
        if (server.server instanceof Server) server.server.setSecureContext({ cert, key })
      },
      [Symbol.asyncDispose]: () => server.close(),
    }
  } catch (error) {
    throw new ListenError(host, port, 'listen.admin.address', error)
  }
}

/** Nothing here takes a body worth more. */
const bodyBytesMax = 64 * 1024
