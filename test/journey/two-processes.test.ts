import { expect, test } from 'vitest'
import { SallyportClient } from '../../src/client/client.ts'
import { groupBody, patchBody, userBody } from '../scim-http/scim-fixture.ts'
import { runCli, serveCli } from '../support/run-cli.ts'
import { scimClient, tokenFrom, workspace } from '../support/workspace.ts'

const policy = `
version: 1
applications: { wiki: { hosts: [wiki.example] }, payroll: { hosts: [payroll.example] } }
rules:
  - { id: everybody, effect: allow, apps: { names: [wiki] }, who: { directories: [entra] } }
  - { id: finance, effect: allow, apps: { names: [payroll] }, who: { groups: { any: [Finance] } } }
`
const deactivate = patchBody({ op: 'replace', path: 'active', value: false })

test('what one process was told blocks at the other before the answer is out', async () => {
  const place = workspace({ policy })
  await using ingest = await serveCli(place.file, '--roles', 'ingest,admin')
  await using deciding = await serveCli(place.file, '--roles', 'decision,admin')
  const scim = scimClient(ingest, (await tokenFrom(place)).token)
  using gateway = SallyportClient.connect(deciding.ready.grpc)
  const users = await Promise.all(
    names.map(async (name) => ({
      name,
      id: (await scim('POST', '/Users', userBody(name))).body.id as string,
    })),
  )
  const { body: finance } = await scim('POST', '/Groups', groupBody('Finance', users.map(idOf)))

  const gone = new Map<string, number>()
  const asked: { readonly at: number; readonly what: string; readonly allowed: boolean }[] = []
  const ask = async (name: string, app: string) => {
    const at = performance.now()
    const { allowed, wire } = await gateway.check({ user: name, app, timeoutMs: 5000 })
    expect(wire).toBeUndefined()
    asked.push({ at, what: `${name} ${app}`, allowed })
    return allowed
  }
  let going = true
  const asking = names.map(async (name) => {
    while (going) await Promise.all([ask(name, 'wiki'), ask(name, 'payroll')])
  })
  for (const { name, id } of users) {
    const leave = { op: 'remove', path: `members[value eq "${id}"]` }
    expect((await scim('PATCH', `/Groups/${finance.id}`, patchBody(leave))).status).toBeLessThan(
      300,
    )
    gone.set(`${name} payroll`, performance.now())
    expect(await ask(name, 'payroll')).toBe(false)
    expect(await ask(name, 'wiki')).toBe(true)
    expect((await scim('PATCH', `/Users/${id}`, deactivate)).status).toBe(200)
    gone.set(`${name} wiki`, performance.now())
    expect(await ask(name, 'wiki')).toBe(false)
  }
  going = false
  await Promise.all(asking)

  const late = asked.filter(({ at, what, allowed }) => allowed && at > (gone.get(what) ?? Infinity))
  expect(late).toEqual([])
  expect(asked.filter(({ allowed }) => allowed).length).toBeGreaterThan(names.length)
})

test('a token that the command line revokes is refused at the very next request', async () => {
  const place = workspace({ policy })
  await using served = await serveCli(place.file)
  const { id, token } = await tokenFrom(place)
  const scim = scimClient(served, token)
  expect((await scim('GET', '/Users')).status).toBe(200)
  expect((await runCli('token', 'revoke', id, '--config', place.file)).code).toBe(0)
  expect((await scim('GET', '/Users')).status).toBe(401)
})

const names = Array.from({ length: 12 }, (_, number) => `user${number}@acme.example`)

function idOf({ id }: { readonly id: string }): string {
  return id
}
