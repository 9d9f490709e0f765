import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { SyncEntry } from '../../src/directory/sync-entry.ts'
import { systemClock } from '../../src/std/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite-store/sqlite-store.ts'
import { groupBody, patchBody, userBody } from '../scim-http/scim-fixture.ts'
import { runCli, serveCli } from '../support/run-cli.ts'
import { entra } from '../support/store-fixture.ts'
import {
  type ScimClient,
  scimClient,
  tokenFrom,
  type Workspace,
  workspace,
} from '../support/workspace.ts'

const [ann, bob] = ['ann@acme.example', 'bob@acme.example']

test('an Entra cycle with accountEnabled mapped to `active` is diagnosed in words', async () => {
  const place = workspace()
  const { token } = await tokenFrom(place)
  await using served = await serveCli(place.file)
  const scim = scimClient(served, token)
  const id = await provision(scim, ann)
  const other = await provision(scim, bob)
  const { body: staff } = await scim('POST', '/Groups', groupBody('Staff'))
  const members = [id, other].map((value) => ({ $ref: null, value }))
  const add = { op: 'Add', path: 'members', value: members }
  await scim('PATCH', `/Groups/${staff.id}`, patchBody(add))
  await noted(place, ({ operation }) => operation === 'patch')
  expect(await diagnose(place)).toMatchObject({ code: 0 })

  // A month after Ann was taken out of the scope, of which nothing was ever heard.
  await scim('DELETE', `/Users/${id}`)
  await noted(place, ({ operation }) => operation === 'delete')

  const { code, stdout } = await diagnose(place)
  expect(code).toBe(1)
  expect(stdout).toContain('  writes: probably Entra ID, a guess, since it ')
  expect(stdout).toContain('  WRONG ACTIVE_USERS_DELETED')
  expect(stdout).toContain('Switch([IsSoftDeleted], , "False", "True", "True", "False") → active')
  const [json] = JSON.parse((await diagnose(place, '--json')).stdout)
  expect(json).toMatchObject({
    ...{ directory: 'entra', provider: 'entra', looked_at: { users: 1, users_in_all: 1 } },
    findings: [
      {
        ...{ code: 'ACTIVE_USERS_DELETED', severity: 'wrong', examples: [ann] },
        evidence: { deleted: 1, deleted_while_active: 1 },
      },
    ],
  })
  for (const verb of [['directory', 'status'], ['doctor']]) {
    const told = await runCli(...verb, '--config', place.file)
    expect([verb, told.code]).toEqual([verb, 0])
    expect(told.stdout).toMatch(/had not been deactivated first.*\(ACTIVE_USERS_DELETED\)/)
  }
})

test('a kill loses the notes of the last moments at the most, and no write', async () => {
  const place = workspace()
  const { token } = await tokenFrom(place)
  await using served = await serveCli(place.file)
  const scim = scimClient(served, token)
  const answered: { readonly name: string; readonly atMs: number }[] = []
  const writing = (async () => {
    for (let number = 0; ; number += 1) {
      const name = `user${number}@acme.example`
      await scim('POST', '/Users', userBody(name))
      answered.push({ name, atMs: performance.now() })
    }
  })().catch(() => undefined)
  await noted(place, ({ name }) => name === 'user20@acme.example')
  const killedMs = performance.now()
  served.child.kill('SIGKILL')
  await once(served.child, 'exit')
  await writing

  await using store = await openSqliteStore(storePath(place), systemClock)
  const names = (await store.notes.list(entra)).toReversed().map(({ name }) => name)
  // In order and without a gap, so what is lost is an end.
  expect(names).toEqual(answered.slice(0, names.length).map(({ name }) => name))
  const lost = answered.slice(names.length)
  expect(lost.filter(({ atMs }) => killedMs - atMs > lossMs)).toEqual([])
  expect((await store.counts(entra)).users).toBeGreaterThanOrEqual(answered.length)
})

/** A second, and what a busy machine takes to write a batch. */
const lossMs = 3_000

test('a server that is stopped has noted all that it answered', async () => {
  const place = workspace()
  const { token } = await tokenFrom(place)
  await using served = await serveCli(place.file)
  const scim = scimClient(served, token)
  for (const name of [ann, bob]) await scim('POST', '/Users', userBody(name))
  served.child.kill('SIGTERM')
  await once(served.child, 'exit')

  const log = await runCli('directory', 'log', '--config', place.file, '--json')
  const names = JSON.parse(log.stdout).entries.map(({ name }: { name: string }) => name)
  expect(names).toEqual([ann, bob])
})

/** As Entra ID does, which looks before it creates. */
async function provision(scim: ScimClient, userName: string): Promise<string> {
  const filter = encodeURIComponent(`userName eq "${userName}"`)
  await scim('GET', `/Users?filter=${filter}`)
  const body = userBody(userName, { active: true, externalId: crypto.randomUUID() })
  return (await scim('POST', '/Users', body)).body.id
}

function diagnose({ file }: Workspace, ...more: string[]) {
  return runCli('directory', 'diagnose', 'entra', '--config', file, ...more)
}

/** Waits until the store has an entry, as another process sees it. */
async function noted(place: Workspace, wanted: (entry: SyncEntry) => boolean): Promise<void> {
  await using store = await openSqliteStore(storePath(place), systemClock)
  while (!(await store.notes.list(entra, { reads: true })).some(wanted)) {
    await systemClock.sleep(10)
  }
}

function storePath({ folder }: Workspace): string {
  return `${folder}/data/sallyport.db`
}
