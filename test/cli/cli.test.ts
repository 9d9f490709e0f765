import { once } from 'node:events'
import { appendFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { userBody } from '../scim-http/scim-fixture.ts'
import { allowEverybodyOnWiki } from '../support/door.ts'
import { runCli, runCliUnread, serveCli } from '../support/run-cli.ts'
import { workspace } from '../support/workspace.ts'

describe('a start that cannot be ends with 3 and one clear line, when', () => {
  test('the config is broken: every fault, none of them a stack', async () => {
    const { file } = workspace({ config: (text) => `${text}stroe: x\nlimits: 7\n` })
    const { code, stderr } = await runCli('serve', '--config', file)
    expect(code).toBe(3)
    expect(stderr).toContain(`${file}:5:1: \`stroe\` is unknown (did you mean \`store\`?)`)
    expect(stderr).not.toContain('    at ')
  })

  test('the rule file is broken: every fault with its line', async () => {
    const policy = allowEverybodyOnWiki
      .replace('effect: allow', 'effect: permit')
      .replace('[wiki]', '[wikki]')
    const { file, policy: path } = workspace({ policy })
    const { code, stderr } = await runCli('serve', '--config', file)
    expect(code).toBe(3)
    expect(stderr).toContain(`${path}:5:`)
    expect(stderr).toMatch(/permit|allow/)
    expect(stderr).not.toContain('    at ')
  })

  test('a port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    for (const listener of ['scim', 'grpc', 'authzen', 'admin']) {
      const { file } = workspace({
        config: (text) =>
          text.replace(
            `${listener}: { address: "127.0.0.1:0"`,
            `${listener}: { address: "127.0.0.1:${port}"`,
          ),
      })
      const { code, stderr } = await runCli('serve', '--config', file)
      expect([code, stderr]).toEqual([
        3,
        `sallyport: cannot listen on \`127.0.0.1:${port}\`: another process listens there (EADDRINUSE); stop it or change \`listen.${listener}.address\`\n`,
      ])
    }
    taken.close()
  })

  test('the data directory cannot be written', async () => {
    const { file } = workspace({
      config: (text) => text.replace(/sqlite:[^"]*/, 'sqlite:/dev/null/a.db'),
    })
    const { code, stderr } = await runCli('serve', '--config', file)
    expect(code).toBe(3)
    expect(stderr).toMatch(/^sallyport: store `\/dev\/null\/a\.db`: .+\n$/)
  })

  test('the file belongs to another application', async () => {
    const { folder, file } = workspace({
      config: (text) => text.replace('data/sallyport.db', 'other.db'),
    })
    const other = new DatabaseSync(join(folder, 'other.db'))
    other.exec('CREATE TABLE customers (id INTEGER)')
    other.close()
    const { code, stderr } = await runCli('serve', '--config', file)
    expect(code).toBe(3)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  test('the seed is broken: nothing is written', async () => {
    const { folder, file } = workspace({
      config: (text) =>
        text.replace('domains: [acme.example]', 'domains: [acme.example], seed: users.json'),
    })
    writeFileSync(
      join(folder, 'users.json'),
      '{"format":"sallyport-directory","schema":1,"users":[{}],"groups":[]}',
    )
    const { code, stderr } = await runCli('serve', '--config', file)
    expect(code).toBe(3)
    expect(stderr).toContain('users[0]')
    const status = await runCli('directory', 'status', '--config', file, '--json')
    expect(JSON.parse(status.stdout)).toMatchObject([{ directory: 'entra', last_revision: 0 }])
  })

  test('no config is where the command line says', async () => {
    const { code, stderr } = await runCli('serve', '--config', '/nonexistent.yaml')
    expect([code, stderr]).toEqual([
      3,
      'sallyport: /nonexistent.yaml: cannot be read (ENOENT): name a config file with --config\n',
    ])
  })
})

test('misuse ends with 2, help with 0', async () => {
  expect((await runCli('serve', '--roles', 'everything')).code).toBe(2)
  expect((await runCli('frobnicate')).code).toBe(2)
  expect((await runCli('check', '--app', 'wiki')).code).toBe(2)
  expect((await runCli('check', '--help')).code).toBe(0)
})

test.each([
  ['no such day', ['token', 'create', '--directory', 'entra', '--expires', '2099-02-31T00:00:00Z']],
  ['a past day', ['token', 'create', '--directory', 'entra', '--expires', '2020-01-01T00:00:00Z']],
  ['nobody whose token it is', ['token', 'create']],
  [
    'an end of a connector token',
    ['token', 'create', '--connector', 'a', '--expires', '2099-01-01'],
  ],
  ['a port that is not fixed', ['check', '--user', 'ann', '--app', 'wiki']],
  ['no address', ['check', '--user', 'ann', '--app', 'wiki', '--server', 'not a server']],
  ['an address without a port', ['check', '--user', 'ann', '--app', 'wiki', '--server', '::1']],
  ['no such tenant', ['policy', 'check', '--tenant', 'nobody']],
])('misuse is told in one line: %s', async (_, args) => {
  const { file } = workspace()
  const { code, stderr } = await runCli(...args, '--config', file)
  expect([code, stderr.trim().split('\n').length]).toEqual([2, 1])
  expect(stderr).toMatch(/^sallyport: /)
})

test('an answer that nobody reads to its end is no fault', async () => {
  const { file } = workspace()
  const unread = await runCliUnread('doctor', '--config', file, '--json')
  expect(unread).toMatchObject({ code: 0, stderr: '' })
})

test.each([
  [['token', 'create', '--directory', 'nope']],
  [['token', 'list', '--directory', 'nope']],
  [['directory', 'status', 'nope']],
  [['directory', 'show', 'ann', '--directory', 'nope']],
])('%j says which directories there are', async (args) => {
  const { file } = workspace()
  const { code, stderr } = await runCli(...args, '--config', file)
  expect(stderr).toBe('sallyport: no directory `nope` in the config; there are: entra\n')
  expect(code).toBe(3)
})

test('tokens work while the server is down, live twice at most, and end at once', async () => {
  const { file } = workspace()
  const create = () => runCli('token', 'create', '--config', file, '--directory', 'entra', '--json')
  const first = JSON.parse((await create()).stdout)
  expect(first).toMatchObject({ directory: 'entra', expires: null })
  expect(first.token).toMatch(/^slp_entra_/)
  expect((await create()).code).toBe(0)
  const third = await create()
  expect(third.code).toBe(1)
  expect(third.stderr).toContain(first.id)
  expect((await runCli('token', 'revoke', first.id, '--config', file)).code).toBe(0)
  const listed = JSON.parse((await runCli('token', 'list', '--config', file, '--json')).stdout)
  expect(listed.map((token: { state: string }) => token.state).sort()).toEqual(['live', 'revoked'])
  expect(JSON.stringify(listed)).not.toContain(first.token.slice(-50, -7))
})

test('a token for a connector is kept nowhere but as a digest in the config', async () => {
  const { file } = workspace()
  const { stdout } = await runCli('token', 'create', '--connector', 'berlin', '--json')
  const { token, tokens } = JSON.parse(stdout)
  appendFileSync(file, `connectors: { berlin: { tokens: ${JSON.stringify(tokens)} } }\n`)

  expect((await runCli('policy', 'check', '--config', file)).code).toBe(0)
  expect(token).toMatch(/^slp_berlin_/)
  expect(tokens[0]).not.toContain(token.slice(-50, -7))
})

test('policy check says fine with 0, faults with 1 and an unreadable file with 3', async () => {
  const { file, policy } = workspace()
  expect(await runCli('policy', 'check', '--config', file)).toMatchObject({ code: 0 })
  writeFileSync(policy, 'version: 2\n')
  const broken = await runCli('policy', 'check', policy, '--config', file, '--json')
  expect(broken.code).toBe(1)
  expect(JSON.parse(broken.stdout)).toMatchObject({
    ok: false,
    faults: [{ file: policy, line: 1 }],
  })
  expect((await runCli('policy', 'check', '/nowhere.yaml', '--config', file)).code).toBe(3)
})

describe('a served process', () => {
  test('answers an identity provider and a gateway, and goes on SIGTERM with 0', async () => {
    const { file } = workspace()
    await using served = await serveCli(file)
    const { scim, grpc, admin } = served.ready
    const created = await runCli(
      'token',
      'create',
      '--config',
      file,
      '--directory',
      'entra',
      '--json',
    )
    const { token } = JSON.parse(created.stdout)
    const posted = await fetch(`${scim}/scim/entra/v2/Users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify(userBody('ann@acme.example', { title: 'Clerk' })),
    })
    expect(posted.status).toBe(201)

    const check = (...more: string[]) => runCli('check', '--server', grpc, '--app', 'wiki', ...more)
    expect(await check('--user', 'ANN@acme.example')).toMatchObject({ code: 0, stderr: '' })
    const nobody = await check('--user', 'bob@acme.example', '--json')
    expect(nobody.code).toBe(1)
    expect(JSON.parse(nobody.stdout)).toMatchObject({ effect: 'block', reason: 'USER_UNKNOWN' })
    const explained = await check('--user', 'ann@acme.example', '--explain')
    expect(explained.stdout).toContain('decided  allow `everybody` (policy.yaml:5)')

    const shown = await runCli('directory', 'show', 'ann@acme.example', '--config', file)
    expect(JSON.parse(shown.stdout)).toMatchObject([
      { active: true, attributes: { title: 'Clerk' } },
    ])
    expect(await (await fetch(`${admin}/readyz`)).json()).toMatchObject({ ready: true })
    expect(await (await fetch(`${admin}/livez`)).json()).toEqual({ live: true })
    const metrics = await (await fetch(`${admin}/metrics`)).text()
    expect(metrics).toMatch(/sallyport_decisions_total\{effect="block",reason="USER_UNKNOWN"\} 1/)

    served.child.kill('SIGTERM')
    expect(await once(served.child, 'exit')).toEqual([0, null])
    const after = await check('--user', 'ann@acme.example')
    expect(after.code).toBe(3)
    expect(after.stderr).toMatch(/^sallyport: no decision, so block: /)
  })
})

test('doctor finds a fine machine fine, and says what is weak', async () => {
  const { file } = workspace()
  const { code, stdout } = await runCli('doctor', '--config', file)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ok {3}runtime: Node v26/)
  expect(stdout).toContain('warn directory entra: no live token')
  expect(stdout).toContain('warn settings: no TLS and no https publicUrl')
})
