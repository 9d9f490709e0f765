import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { readHouseConfig } from '../../src/app/house-config.ts'
import { IngestLink } from '../../src/app/ingest-link.ts'
import { systemClock } from '../../src/std/clock.ts'
import { groupBody, patchBody, userBody } from '../scim-http/scim-fixture.ts'
import { allowEverybodyOnWiki, openDoor } from '../support/door.ts'
import { silentObserver } from '../support/silent-observer.ts'
import { workspace } from '../support/workspace.ts'

const mortal = new URL('../support/mortal-ingest.ts', import.meta.url)

test('decisions go on while the thread that serves SCIM dies and is started again', async () => {
  const observer = silentObserver()
  const seams = { observer, ingestScript: mortal }
  await using door = await openDoor({ policy: allowEverybodyOnWiki, seams })
  const { body: ann } = await door.scim('POST', '/Users', userBody('ann@acme.example'))
  const before = door.app.addresses.scim
  const allowed = async () =>
    (await door.gateway.check({ user: 'ann@acme.example', app: 'wiki', timeoutMs: 5000 })).allowed
  expect(await allowed()).toBe(true)

  const answers: boolean[] = []
  killIngest()
  while (observer.errors.length === 0) answers.push(await allowed())
  const { ready, reasons } = await door.app.readiness()
  const gone = await door.scim('GET', '/Users').catch((error: Error) => error)
  const again = await untilAnswered(() => door.scim('GET', `/Users/${ann.id}`))

  expect(answers.every(Boolean)).toBe(true)
  expect(observer.errors).toEqual([new Error('out of luck')])
  expect({ ready, reasons }).toEqual({
    ready: true,
    reasons: ['SCIM is not served: out of luck'],
  })
  expect(gone).toBeInstanceOf(TypeError)
  expect(again.body.userName).toBe('ann@acme.example')
  expect(door.app.addresses.scim).toBe(before)
  expect((await door.app.readiness()).reasons).toEqual([])
  const off = patchBody({ op: 'replace', path: 'active', value: false })
  expect((await door.scim('PATCH', `/Users/${ann.id}`, off)).status).toBe(200)
  expect(await allowed()).toBe(false)
})

test('a thread that cannot start again is tried until it can, and each fault is told once', async () => {
  const observer = silentObserver()
  const pauses: (() => void)[] = []
  const sleep = () => new Promise<void>((resolve) => pauses.push(resolve))
  const clock = { ...systemClock, sleep }
  const config = readHouseConfig(workspace().file)
  await using link = await IngestLink.start({ config, observer, clock, script: mortal })
  killIngest()
  await until(() => pauses.length === 1)
  const other = createServer().listen(Number(new URL(link.url).port), '127.0.0.1')
  await once(other, 'listening')
  for (const attempt of [1, 2]) {
    pauses.at(-1)?.()
    await until(() => pauses.length === attempt + 1)
  }
  const troubles = link.troubles
  other.close()
  await once(other, 'close')
  pauses.at(-1)?.()
  await until(() => link.troubles.length === 0)

  const inUse = expect.objectContaining({ code: 'LISTEN_REFUSED' })
  expect(observer.errors).toEqual([new Error('out of luck'), inUse])
  expect(troubles).toEqual([expect.stringContaining('another process listens there')])
  expect((await fetch(`${link.url}/scim/entra/v2/Users`)).status).toBe(401)
})

test('what the thread observes is told to the observer of the process, in order', async () => {
  const seen: (readonly [string, number | string])[] = []
  const observer = {
    ...silentObserver(),
    scimRequest: ({ operation, status }: { operation: string; status: number }) =>
      void seen.push([operation, status]),
    scimAuthFailed: ({ reason }: { reason: string }) => void seen.push(['refused', reason]),
  }
  {
    await using door = await openDoor({ seams: { observer } })
    await door.scim('POST', '/Groups', groupBody('Staff'))
    await door.scim('GET', '/Users', undefined, { headers: { authorization: 'Basic x' } })
    await door.scim('POST', '/Groups', groupBody('staff'))
  }
  expect(seen).toEqual([
    ['create', 201],
    ['refused', 'not a bearer token'],
    ['create', 409],
  ])
})

function killIngest(): void {
  const channel = new BroadcastChannel('mortal-ingest')
  channel.postMessage('die')
  channel.close()
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate)
}

async function untilAnswered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask().catch(() => undefined)
    if (answer !== undefined) return answer
    await new Promise(setImmediate)
  }
}
