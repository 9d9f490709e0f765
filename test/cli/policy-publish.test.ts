import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runCli, serveCli } from '../support/run-cli.ts'
import { workspace } from '../support/workspace.ts'

const rules = (id: string, effect = 'allow', who = 'who: { directories: [entra] }') => `version: 1
applications: { wiki: { hosts: [wiki.example] }, erp: { hosts: [erp.example] } }
rules:
  - { id: ${id}, effect: ${effect}, apps: { names: [wiki, erp] }${who && `, ${who}`} }
`

function house() {
  const { file, policy } = workspace({ policy: rules('first') })
  const run = async (...args: readonly string[]) => {
    return await runCli('policy', ...args, '--config', file)
  }
  const json = async (...args: readonly string[]) =>
    JSON.parse((await run(...args, '--json')).stdout)
  return { file, policy, run, json, write: (text: string) => writeFileSync(policy, text) }
}

describe('policy publish, history and rollback', () => {
  test('make a file the active version, tell who did what and why, and go back', async () => {
    const { run, json, write } = house()

    const first = await json('publish', '--why', 'it begins')
    write(rules('second'))
    await run('publish', '--why', 'it goes on')
    const again = await run('publish', '--why', 'twice')
    const back = await json('rollback', first.version.slice(0, 10), '--why', 'it hurt')
    const { versions } = await json('history')

    expect(again.stdout).toMatch(/^version [0-9a-f]{12} is active already\n$/)
    expect(back.version).toBe(first.version)
    expect(
      versions.map((each: { why: string; active: boolean; rules: number }) => [
        ...[each.why, each.active, each.rules],
      ]),
    ).toEqual([
      ['it hurt', true, 1],
      ['it goes on', false, 1],
      ['it begins', false, 1],
    ])
    expect(versions[0].revision).toBeGreaterThan(versions[1].revision)
    expect(versions[0].by).toMatch(/^cli:.+/)
    expect((await run('show')).stdout).toContain('id: first')
    expect((await run('rollback', '--steps', '1', '--why', 'and again')).code).toBe(0)
    expect((await run('show')).stdout).toContain('id: second')
  })

  test('refuse what lint calls an error, unless it is accepted by its number', async () => {
    const { run, json, write } = house()
    write(rules('open', 'allow', '').replace('{ names: [wiki, erp] }', 'any'))

    const refused = await json('publish', '--why', 'x')
    const accepted = await run('publish', '--why', 'a lab', '--accept', '5')

    expect([refused.ok, refused.findings[0].check]).toEqual([false, 'allows-everything'])
    expect(accepted.code).toBe(0)
  })

  test('refuse a version that is not there, and a file with a fault, by exit code and words', async () => {
    const { run, write } = house()
    const unknown = await run('rollback', 'abcdef', '--why', 'x')
    write('version: 1\nruls: []\n')
    const faulty = await run('publish', '--why', 'x')
    const both = await run('rollback', '--why', 'x')

    expect([unknown.code, unknown.stderr]).toEqual([
      3,
      expect.stringContaining('no version `abcdef`'),
    ])
    expect([faulty.code, faulty.stdout]).toEqual([1, expect.stringContaining('policy.yaml:2:1:')])
    expect(both.code).toBe(2)
  })

  test('hold against a server that starts or runs: only a change of the file undoes them', async () => {
    const { file, run, write } = house()
    const asked = async (ready: { readonly grpc: string }) => {
      const args = ['--user', 'ann@acme.example', '--app', 'wiki', '--server', ready.grpc, '--json']
      return JSON.parse((await runCli('check', ...args)).stdout).policy_version
    }
    const versions = async () =>
      JSON.parse((await run('history', '--json')).stdout).versions.map(
        (each: { by: string }) => each.by.split(':')[0],
      )
    {
      await using served = await serveCli(file)
      const before = await asked(served.ready)
      write(rules('typed'))
      const published = await run('publish', '--why', 'by hand', '--json')
      const { version } = JSON.parse(published.stdout)
      expect(before).not.toBe(version)
      await expect.poll(() => asked(served.ready)).toBe(version)
    }
    // The file is what was typed; typed again is something else.
    await run('rollback', '--steps', '1', '--why', 'back')
    const typed = await versions()
    {
      await using served = await serveCli(file)
      const ready = await (await fetch(`${served.ready.admin}/readyz`)).json()
      expect(await versions()).toEqual(typed)
      expect(JSON.stringify(ready)).toContain('is not used')
      write(rules('third'))
      await expect.poll(async () => (await versions())[0], { timeout: 8_000 }).toBe('file')
    }
  })
})
