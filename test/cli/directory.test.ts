import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { groupBody, patchBody, userBody } from '../scim-http/scim-fixture.ts'
import { runCli, serveCli } from '../support/run-cli.ts'
import { scimClient, tokenFrom, workspace } from '../support/workspace.ts'

const ann = 'ann@acme.example'

describe('`directory log`', () => {
  test('tells in words what was asked, newest last, with the server up and down', async () => {
    const place = workspace()
    const { token, id: tokenId } = await tokenFrom(place)
    const log = (...more: string[]) =>
      runCli('directory', 'log', 'entra', '--config', place.file, ...more)
    expect(await log()).toEqual({ code: 0, stdout: 'no such requests\n', stderr: '' })
    {
      await using served = await serveCli(place.file)
      const scim = scimClient(served, token)
      const { body } = await scim('POST', '/Users', userBody(ann, { shoeSize: 43 }))
      await scim('POST', '/Users', userBody(ann))
      await scim('GET', `/Users/${body.id}`)
      const off = { op: 'Replace', path: 'active', value: 'False' }
      await scim('PATCH', `/Users/${body.id}`, patchBody(off))
      await scim('POST', '/Groups', groupBody('Staff\u001b[31m\nfake', ['nobody']))
      await scim('DELETE', `/Users/${body.id}`)
      while (!(await log()).stdout.includes('delete user')) await systemClock.sleep(10)
      served.child.kill('SIGTERM')
      await once(served.child, 'exit')
    }

    const { stdout } = await log()
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\S+ +/, ''))
    expect(lines.map((line) => line.replace(/ +\d+ ms/, ''))).toEqual([
      '201  create user ann@acme.example; created; unknown attribute `shoeSize` ignored; not sent, taken as true: active',
      '409  create user ann@acme.example; refused (uniqueness): another User has this `userName`, letter case aside',
      '200  patch user ann@acme.example; active true -> false; sent as text: active',
      '201  create group Staff\\u{1b}[31m\\u{a}fake; created, members +1',
      '204  delete user ann@acme.example; deleted',
    ])
    expect((await log('--failed')).stdout.trimEnd().split('\n')).toHaveLength(1)
    expect((await log('--reads')).stdout).toContain('get user ann@acme.example')
    expect((await log('--limit', '1')).stdout).toMatch(/^\S+ {2}204 .*; deleted\n$/)
    const json = JSON.parse((await log('--json', '--failed')).stdout)
    expect(json).toMatchObject({
      entries: [
        {
          ...{ directory: 'entra', operation: 'create', status: 409, scim_type: 'uniqueness' },
          ...{ resource_type: 'User', name: ann, token_id: tokenId, changes: null, times: 1 },
          ...{ ignored: [], coerced: [], assumed: [], id: null },
        },
      ],
      directories: [{ directory: 'entra', dropped: 0, refused_tokens: 0 }],
    })
  })

  test.each([
    ['--since', 'yesterday'],
    ['--limit', '0'],
    ['--limit', 'all'],
  ])('takes no %s %s', async (...flag) => {
    const { file } = workspace()
    const { code, stderr } = await runCli('directory', 'log', '--config', file, ...flag)
    expect([code, stderr.trim().split('\n').length]).toEqual([2, 1])
    expect(stderr).toContain(`sallyport: ${flag[0]} \`${flag[1]}\`: expected `)
  })

  test('begins at --since, whatever the offset it is given in', async () => {
    const place = workspace()
    const { token } = await tokenFrom(place)
    {
      await using served = await serveCli(place.file)
      await scimClient(served, token)('POST', '/Users', userBody(ann))
      served.child.kill('SIGTERM')
      await once(served.child, 'exit')
    }
    const count = async (since: string) => {
      const args = ['directory', 'log', '--config', place.file, '--json', '--since', since]
      return JSON.parse((await runCli(...args)).stdout).entries.length
    }
    expect(await count('2020-01-01T00:00:00+05:00')).toBe(1)
    expect(await count('2999-01-01T00:00:00Z')).toBe(0)
  })
})

describe('`directory diagnose`', () => {
  test('ends with 0 where nothing is wrong, and says what it looked at', async () => {
    const { file } = workspace()
    const { code, stdout } = await runCli('directory', 'diagnose', '--config', file)
    expect([code, stdout]).toEqual([
      0,
      'entra: 0 wrong, 0 to look at\n  looked at 0 users and at 0 noted requests\n',
    ])
  })

  test('names a directory that is not there with 3', async () => {
    const { file } = workspace()
    for (const verb of ['log', 'diagnose']) {
      const { code, stderr } = await runCli('directory', verb, 'nope', '--config', file)
      expect([code, stderr]).toEqual([
        3,
        'sallyport: no directory `nope` in the config; there are: entra\n',
      ])
    }
  })
})
