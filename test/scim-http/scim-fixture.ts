import { Tokens } from '../../src/access/tokens.ts'
import type { DirectoryId } from '../../src/directory/directory.ts'
import { createSchemaRegistry, type SchemaRegistry } from '../../src/directory/schema-registry.ts'
import type { SyncEntry } from '../../src/directory/sync-entry.ts'
import type { Observer, ScimRequestEvent } from '../../src/observe/observe.ts'
import { Scim } from '../../src/scim/scim.ts'
import type { Rate } from '../../src/scim-http/limits.ts'
import { serveScim } from '../../src/scim-http/scim-http.ts'
import type { Lines } from '../../src/scim-http/turns.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import type { Store } from '../../src/store/store.ts'
import { anyStore } from '../support/any-store.ts'
import { entra, okta } from '../support/store-fixture.ts'

export type Json = Record<string, unknown>

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Undefined where the answer has no body. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly body: any
}

/** A SCIM server on a store of its own, and a client of its directory `entra`. */
export interface ScimFixture extends AsyncDisposable {
  readonly store: Store
  readonly scim: Scim
  readonly tokens: Tokens
  readonly url: string
  readonly base: string
  readonly token: string
  readonly oktaToken: string
  readonly requests: ScimRequestEvent[]
  readonly refusals: { readonly reason: string }[]
  readonly errors: unknown[]
  readonly close: () => Promise<void>
  send(method: string, path: string, body?: unknown, headers?: Json): Promise<Reply>
  /** The sync log of `entra` as it is in the store, oldest first, quiet reads too. */
  log(): Promise<readonly SyncEntry[]>
}

export interface FixtureOptions {
  readonly rate?: Rate
  readonly lines?: Lines
  readonly clock?: Clock
  readonly store?: (store: Store) => Store
  readonly writable?: (directory: DirectoryId) => boolean
  readonly waitsForAll?: boolean
  readonly registryOf?: (directory: DirectoryId) => SchemaRegistry
}

export async function scimFixture(options: FixtureOptions = {}): Promise<ScimFixture> {
  const temporary = await anyStore()
  const clock = options.clock ?? systemClock
  const store = options.store?.(temporary.store) ?? temporary.store
  const tokens = new Tokens(store, clock)
  const [requests, refusals, errors] = [[] as ScimRequestEvent[], [] as { reason: string }[], []]
  const publicUrl = (directory: DirectoryId) => `https://scim.test/scim/${directory}/v2`
  const registry = createSchemaRegistry()
  const { writable, registryOf = () => registry } = options
  const scim = new Scim({
    store,
    registryOf,
    clock,
    publicUrl,
    ...(writable && { writable }),
    waitsForAll: options.waitsForAll ?? false,
  })
  const server = await serveScim({
    scim,
    tokens,
    clock,
    observer: recordingObserver(requests, refusals, errors),
    listen: { host: '127.0.0.1', port: 0 },
    keepNotes: (directory, notes) => store.notes.append(directory, notes),
    directories: [entra, okta],
    ...(options.rate && { rate: options.rate }),
    ...(options.lines && { lines: options.lines }),
  })
  const token = await mint(tokens, entra)
  const base = `${server.url}/scim/entra/v2`
  const send = (method: string, path: string, body?: unknown, headers: Json = {}) =>
    request(method, `${base}${path}`, body, { authorization: `Bearer ${token}`, ...headers })
  const { url, close } = server
  const log = async () => {
    await server.flushSyncLog()
    return (await temporary.store.notes.list(entra, { reads: true })).toReversed()
  }
  const oktaToken = await mint(tokens, okta)
  const dispose = async () => {
    await close()
    await temporary[Symbol.asyncDispose]()
  }
  const parts = { store, scim, tokens, url, base, token, oktaToken, requests, refusals, errors }
  return { ...parts, close, send, log, [Symbol.asyncDispose]: dispose }
}

/** One request as an identity provider makes it. A string goes out as it is. */
export async function request(
  method: string,
  url: string,
  body: unknown,
  headers: Json,
  signal?: AbortSignal,
): Promise<Reply> {
  const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const given = Object.entries(headers).filter(([, value]) => value !== undefined)
  const response = await fetch(url, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/scim+json' }),
      ...(Object.fromEntries(given) as Record<string, string>),
    },
    ...(sent !== undefined && { body: sent }),
    ...(signal !== undefined && { signal }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  const { status } = response
  return { status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined }
}

async function mint(tokens: Tokens, directory: DirectoryId): Promise<string> {
  const created = await tokens.create(directory, { label: 'test' })
  if (created.kind !== 'created') throw new Error(`no token: ${created.kind}`)
  return created.token
}

function recordingObserver(
  requests: ScimRequestEvent[],
  refusals: { readonly reason: string }[],
  errors: unknown[],
): Observer {
  const recorded: Partial<Observer> = {
    scimRequest: (event) => void requests.push(event),
    scimAuthFailed: (event) => void refusals.push(event),
    internalError: (event) => void errors.push(event.error),
  }
  return recorded as Observer
}

/** A store with some of its methods in place of its own. */
export function withMethods(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const own = Reflect.get(methods, name) as unknown
      if (own !== undefined) return own
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

export const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const enterpriseUrn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
export const patchUrn = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
export const bulkUrn = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'
export const errorUrn = 'urn:ietf:params:scim:api:messages:2.0:Error'

export function userBody(userName: string, more: Json = {}): Json {
  return { schemas: [userUrn], userName, ...more }
}
export function groupBody(displayName: string, members: readonly string[] = []): Json {
  return { schemas: [groupUrn], displayName, members: members.map((value) => ({ value })) }
}
export function bulkBody(Operations: readonly unknown[], more: Json = {}): Json {
  return { schemas: [bulkUrn], Operations, ...more }
}
export function patchBody(...Operations: readonly unknown[]): Json {
  return { schemas: [patchUrn], Operations }
}
