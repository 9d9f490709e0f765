import { request as httpRequest } from 'node:http'
import { Connectors } from '../../src/access/connectors.ts'
import { type AuthzenOptions, type AuthzenServer, serveAuthzen } from '../../src/authzen/authzen.ts'
import type { Attempt, DecisionPoint } from '../../src/decision/decision.ts'
import type { TenantId } from '../../src/directory/directory.ts'
import { allowed } from '../support/allowed-answer.ts'
import { silentObserver } from '../support/silent-observer.ts'

export const acme = 'acme' as TenantId

export { allowed }

/** A decision point that answers as told and remembers what it was asked. */
export class ScriptedDecisions implements DecisionPoint {
  readonly attempts: Attempt[] = []
  check: DecisionPoint['check'] = () => allowed
  checkAll: DecisionPoint['checkAll'] = (attempts) =>
    attempts.map((attempt) => {
      this.attempts.push(attempt)
      try {
        return this.check(attempt)
      } catch (error) {
        return Promise.reject(error)
      }
    })
  explain: DecisionPoint['explain'] = async () => {
    throw new Error('nobody explains here')
  }
}

export interface Rig extends AsyncDisposable {
  readonly server: AuthzenServer
  readonly decisions: ScriptedDecisions
  readonly decided: Record<string, unknown>[]
  readonly refused: unknown[]
  readonly errors: unknown[]
  post(path: Path, body: unknown, headers?: Headers): Promise<Reply>
}
type Path = 'evaluation' | 'evaluations' | `search/${'subject' | 'resource' | 'action'}`
type Headers = Readonly<Record<string, string | readonly string[]>>

/** A served room over a scripted decision point. */
export async function startRig(options: Partial<AuthzenOptions> = {}): Promise<Rig> {
  const decisions = new ScriptedDecisions()
  const decided: Record<string, unknown>[] = []
  const [refused, errors]: unknown[][] = [[], []]
  const server = await serveAuthzen({
    decisions,
    catalogue: { applications: () => [], actions: () => [] },
    listSubjects: async () => ({ kind: 'slice', candidates: [], next: undefined }),
    connectors: new Connectors([], [acme]),
    obligationTypes: ['step-up', 'custom'],
    listen: { host: '127.0.0.1', port: 0 },
    observer: {
      ...silentObserver(),
      decided: (event) => void decided.push({ ...event }),
      callRefused: (event) => void refused!.push(event),
      internalError: ({ error }) => void errors!.push(error),
    },
    ...options,
  })
  return {
    server,
    decisions,
    decided,
    refused: refused!,
    errors: errors!,
    post: (path, body, headers) => post(`${server.url}/access/v1/${path}`, body, headers),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read what arrived.
  readonly json: any
}

export function post(url: string, body: unknown, headers?: Headers): Promise<Reply> {
  return send('POST', url, body, { 'content-type': 'application/json', ...headers })
}

/** Text and bytes go out as they are, all else as JSON. A header of `''` is left out. */
export async function send(
  method: string,
  url: string,
  body?: unknown,
  headers: Headers = {},
): Promise<Reply> {
  const sent = Object.entries(headers).filter(([, value]) => value !== '')
  const isAsIs = typeof body === 'string' || body instanceof Uint8Array || body === undefined
  const bytes = isAsIs ? body : JSON.stringify(body)
  return await new Promise((resolve, reject) => {
    const call = httpRequest(url, {
      method,
      headers: Object.fromEntries(sent) as Record<string, string>,
      agent: false,
    })
    call.on('error', reject)
    call.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(parts).toString()
        const isJson = response.headers['content-type'] === 'application/json'
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, text, json: isJson ? JSON.parse(text) : undefined })
      })
    })
    call.end(bytes)
  })
}

export const ann = { type: 'user', id: 'ann@acme.example' }
export const payroll = { type: 'application', id: 'payroll' }
export const annReadsPayroll = { subject: ann, action: { name: 'read' }, resource: payroll }
