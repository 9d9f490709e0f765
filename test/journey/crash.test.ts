import { once } from 'node:events'
import { expect, test } from 'vitest'
import { type ClientDecision, SallyportClient } from '../../src/client/client.ts'
import { systemClock } from '../../src/std/clock.ts'
import { fromToken } from '../../src/store/position.ts'
import { patchBody, userBody } from '../scim-http/scim-fixture.ts'
import { type Served, serveCli } from '../support/run-cli.ts'
import { type ScimClient, scimClient, tokenFrom, workspace } from '../support/workspace.ts'

const rounds = 3
const writers = 8
const checkers = 4

test('a served process that is killed under load keeps every answered write, and agrees', async () => {
  const place = workspace()
  const { token } = await tokenFrom(place)
  const known: Known = { active: new Map(), doubtful: new Set(), revision: 0 }
  for (let round = 0; round < rounds; round++) {
    await using served = await serveCli(place.file)
    await expectAgreement(served, token, known)
    await loadUntilKilled(served, token, known)
  }
  await using served = await serveCli(place.file)
  await expectAgreement(served, token, known)
  expect(known.active.size).toBeGreaterThan(writers * rounds)
})

test('a stop under load fails no call before its listener closes, and ends with 0', async () => {
  const place = workspace()
  const { token } = await tokenFrom(place)
  await using served = await serveCli(place.file)
  const scim = scimClient(served, token)
  await scim('POST', '/Users', userBody('ann@acme.example'))
  const ended = once(served.child, 'exit')
  const failures: { readonly afterMs: number; readonly decision: ClientDecision }[] = []
  let [answers, stoppedAt, going] = [0, Infinity, true]
  const checking = Array.from({ length: checkers }, async () => {
    using gateway = SallyportClient.connect(served.ready.grpc)
    while (going) {
      const at = performance.now()
      const ask = { user: 'ann@acme.example', app: 'wiki', timeoutMs: 5000 }
      const decision = await gateway.check(ask)
      if (decision.allowed) answers++
      else failures.push({ afterMs: at - stoppedAt, decision })
    }
  })
  const writing = Array.from({ length: 2 }, async (_, writer) => {
    for (let number = 0; going; number++) {
      // Refused or cut off once it stops; what it answers is looked at by the test above.
      await scim('POST', '/Users', userBody(`w${writer}-${number}@acme.example`)).catch(() => {
        going = false
      })
    }
  })
  while (answers < 50) await systemClock.sleep(10)
  stoppedAt = performance.now()
  served.child.kill('SIGTERM')

  expect(await ended).toEqual([0, null])
  expect(performance.now() - stoppedAt).toBeLessThan(10_000)
  going = false
  await Promise.all([...checking, ...writing])
  expect(failures.filter(({ afterMs }) => afterMs < lingerMs)).toEqual([])
})
/** For so long after a signal everything is answered as before. */
const lingerMs = 1900

interface Known {
  /** What was answered last, by user name. */
  readonly active: Map<string, boolean>
  /** Users of a write that was never answered: either state may be theirs, and so may none. */
  readonly doubtful: Set<string>
  /** The newest one seen anywhere. */
  revision: number
}

async function loadUntilKilled(served: Served, token: string, known: Known): Promise<void> {
  const scim = scimClient(served, token)
  using gateway = SallyportClient.connect(served.ready.grpc)
  const wrong: string[] = []
  const writing = Array.from({ length: writers }, () => write(scim, known))
  const checking = Array.from({ length: checkers }, async () => {
    while (served.child.exitCode === null && served.child.signalCode === null) {
      const name = anyOf([...known.active.keys()])
      const inactive = known.active.get(name) === false && !known.doubtful.has(name)
      const decision = await gateway.check({ user: name, app: 'wiki', timeoutMs: 5000 })
      if (inactive && decision.allowed) wrong.push(name)
      see(known, decision.revision)
    }
  })
  while (known.active.size < writers * 2) await systemClock.sleep(10)
  await systemClock.sleep(100 + Math.random() * 300)
  served.child.kill('SIGKILL')
  await Promise.all([...writing, ...checking])
  expect(wrong).toEqual([])
}

/** Makes users and turns every other one off, until a request is not answered. */
async function write(scim: ScimClient, known: Known): Promise<void> {
  for (let number = 0; ; number++) {
    const name = `${crypto.randomUUID()}@acme.example`
    try {
      known.doubtful.add(name)
      const created = await scim('POST', '/Users', userBody(name))
      expect(created.status).toBe(201)
      known.active.set(name, true)
      see(known, created.headers.get('x-directory-revision'))
      if (number % 2 === 1) {
        const off = patchBody({ op: 'replace', path: 'active', value: 'False' })
        expect((await scim('PATCH', `/Users/${created.body.id}`, off)).status).toBe(200)
        known.active.set(name, false)
      }
      known.doubtful.delete(name)
    } catch (error) {
      // fetch: the process is gone.
      if (error instanceof TypeError) return
      throw error
    }
  }
}

/** Everything that was answered is there, in the directory and in decisions, at no older revision. */
async function expectAgreement(served: Served, token: string, known: Known): Promise<void> {
  const scim = scimClient(served, token)
  using gateway = SallyportClient.connect(served.ready.grpc)
  for (const [name, active] of known.active) {
    if (known.doubtful.has(name)) continue
    const query = encodeURIComponent(`userName eq "${name}"`)
    const { body } = await scim('GET', `/Users?filter=${query}`)
    expect([name, body.Resources[0]?.active]).toEqual([name, active])
    const decision = await gateway.check({ user: name, app: 'wiki', timeoutMs: 5000 })
    expect([name, decision.allowed]).toEqual([name, active])
    expect(fromToken(decision.revision)?.revision).toBeGreaterThanOrEqual(known.revision)
  }
}

function see(known: Known, token: string | null): void {
  const revision = fromToken(token ?? '')?.revision ?? 0
  known.revision = Math.max(known.revision, revision)
}

function anyOf(names: readonly string[]): string {
  return names[Math.floor(Math.random() * names.length)] ?? 'nobody@acme.example'
}
