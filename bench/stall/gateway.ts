import { SallyportClient } from '../../src/client/client.ts'

/** What to ask, sent first: the users are asked about once, and then in turn for ever. */
export interface Questions {
  readonly address: string
  readonly users: readonly string[]
}
/** The calls between `begin` and `end`: how long each took, and what went wrong. */
export interface Calls {
  readonly micros: readonly number[]
  readonly failed: readonly string[]
}

/** Apart from each other, whatever the answers do: a stall must not slow down who measures it. */
const paceMs = 5
const atOnceWarming = 64

process.once('message', async ({ address, users }: Questions) => {
  // A call each, as ever: a figure is compared with earlier ones.
  const client = SallyportClient.connect(address, { streams: false })
  let [micros, failed]: [number[], string[]] = [[], []]
  const ask = async (user: string) => {
    const sentMs = performance.now()
    const { wire, reason } = await client.check({ user, app: 'app-0000', timeoutMs: 5000 })
    micros.push(Math.round((performance.now() - sentMs) * 1000))
    if (wire !== undefined || !['RULE', 'NO_RULE'].includes(reason)) failed.push(reason)
  }
  for (let from = 0; from < users.length; from += atOnceWarming) {
    await Promise.all(users.slice(from, from + atOnceWarming).map(ask))
  }
  let next = 0
  setInterval(() => void ask(users[next++ % users.length]!), paceMs)
  process.on('message', (what: 'begin' | 'end') => {
    const calls: Calls = { micros, failed }
    process.send?.(what === 'begin' ? 'begun' : calls)
    micros = []
    failed = []
  })
  process.send?.('warm')
})
