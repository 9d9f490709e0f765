import autocannon, { type Request, type Result } from 'autocannon'
import { type MixName, requestsOf } from './mixes.ts'
import { groupBody, Population, userNameOf } from './population.ts'

/** Told to the client of one server, first its address, then one round after the other. */
export type ToClient =
  | { readonly url: string; readonly token: string; readonly groups: number }
  | { readonly mix: MixName; readonly amount: number; readonly connections: number }

/** What a round was like; or, with `faults`, what the server has not done. */
export interface RoundResult {
  readonly wallMs: number
  readonly millis: readonly number[]
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>
  readonly faults: readonly string[]
}

/**
 * Loads one server and remembers what it has been told, so that what it holds can be compared: a
 * process of its own, since its garbage must not slow down whom it measures.
 */
const population = new Population()
let [url, headers] = ['', {} as Record<string, string>]

process.on('message', async (message: ToClient) => {
  if ('url' in message) {
    url = message.url
    const type = 'application/scim+json'
    headers = { authorization: `Bearer ${message.token}`, 'content-type': type }
    for (let number = 0; number < message.groups; number += 1) {
      const { id } = await send('POST', '/Groups', groupBody(number))
      population.groups.push({ id: String(id), members: new Set() })
    }
    process.send?.('ready')
  } else process.send?.(await round(message))
})

async function round({ mix, amount, connections }: Extract<ToClient, { mix: MixName }>) {
  const { pathname } = new URL(url)
  const requests = requestsOf(mix, population).map((request) => below(pathname, request))
  const millis: number[] = []
  const statuses: Record<string, number> = {}
  const startedMs = performance.now()
  // autocannon looks only once a second whether it is done.
  let endedMs = startedMs
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const options = { url, headers, connections, pipelining: 1, amount, requests }
  const running = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)))
  running.on('response', (_client, status, _bytes, responseMs) => {
    endedMs = performance.now()
    millis.push(responseMs)
    statuses[status] = (statuses[status] ?? 0) + 1
  })
  const { errors } = await promise
  const faults = errors > 0 ? [`${errors} requests failed`] : await whatIsMissing()
  const result: RoundResult = { wallMs: endedMs - startedMs, millis, statuses, faults }
  return result
}

/** autocannon has paths from the root. */
function below(pathname: string, request: Request): Request {
  const { setupRequest } = request
  if (typeof setupRequest !== 'function') return request
  return {
    ...request,
    setupRequest: (given, context) => {
      const made = setupRequest(given, context)
      return { ...made, path: pathname + made.path }
    },
  }
}

/** Compares what the server holds with what it said yes to. */
async function whatIsMissing(): Promise<readonly string[]> {
  const faults: string[] = []
  const expect = (what: string, found: unknown, wanted: unknown) => {
    if (found !== wanted) faults.push(`${what}: ${String(found)} instead of ${String(wanted)}`)
  }
  const { totalResults } = await send('GET', '/Users?count=1')
  expect('users', totalResults, population.users.length)
  for (const { id, members } of everyNth(population.groups)) {
    const group = await send('GET', `/Groups/${id}`)
    expect('members', (group.members as readonly unknown[] | undefined)?.length ?? 0, members.size)
  }
  for (const { id, number, title } of everyNth(population.users)) {
    const user = await send('GET', `/Users/${id}`)
    expect('userName', user.userName, userNameOf(number))
    expect('title', user.title, title)
  }
  return faults
}

/** Some twenty of them. */
function everyNth<Item>(items: readonly Item[]): readonly Item[] {
  const step = Math.max(1, Math.floor(items.length / 20))
  return items.filter((_, index) => index % step === 0)
}

async function send(method: string, path: string, body?: object) {
  const response = await fetch(url + path, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return JSON.parse(text) as Readonly<Record<string, unknown>>
}
