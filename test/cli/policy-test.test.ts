import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../support/run-cli.ts'
import { workspace } from '../support/workspace.ts'

const rules = `version: 1
applications: { wiki: { hosts: [wiki.example] }, erp: { labels: { tier: "1" } } }
rules:
  - { id: unmanaged, effect: block, apps: { labels: { tier: "1" } }, unless: { context.posture.disk: { eq: true } } }
  - { id: finance, effect: allow, apps: { names: [erp] }, who: { groups: { any: [Finance] } } }
  - { id: late, effect: allow, apps: { names: [wiki] }, when: { time: { between: "20:00-23:00", tz: UTC } } }
`

async function run(tests: string, ...flags: readonly string[]) {
  const { file, policy } = workspace({ policy: `${rules}tests:\n${tests}` })
  return await runCli('policy', 'test', policy, '--config', file, ...flags)
}

describe('policy test', () => {
  test('tells what passed, what did not and why, and which rules never decided', async () => {
    const { code, stdout } = await run(`
  - { name: from a healthy device, given: { app: erp, user: { groups: [finance] }, context: { posture: { disk: true } } }, expect: { rule: finance } }
  - { name: from an unhealthy one, given: { app: erp, user: { groups: [Finance] } }, expect: { effect: allow, rule: finance } }`)

    expect(code).toBe(1)
    expect(stdout.split('\n').slice(1)).toEqual([
      '  ok    from a healthy device',
      '  FAIL  from an unhealthy one  want allow by finance, got block by unmanaged (line 4)',
      '        context.posture.disk is not known (not sent), and an unknown block rule matches',
      '        finance (line 5) would have matched, but stands behind',
      '  1 passed, 1 failed · rules that never decided: late',
      '',
    ])
  })

  test('has a clock of its own for each test, and asks for it where a rule reads the clock', async () => {
    const at = (now: string, rule: string) =>
      `  - { name: at ${now}, given: { host: wiki.example, port: 80, now: "${now}" }, expect: { rule: "${rule}" } }\n`
    const fine = await run(`${at('2026-05-04T21:00:00Z', 'late')}${at('2026-05-04T23:00:00Z', '')}`)
    const clockless = await run(`  - { name: a, given: { app: wiki }, expect: { rule: late } }\n`)

    expect([fine.code, fine.stdout]).toEqual([0, expect.stringContaining('2 passed, 0 failed')])
    expect([clockless.code, clockless.stdout]).toEqual([
      1,
      expect.stringMatching(/:8:23: `now` is missing: rule `late` of this application reads/),
    ])
  })

  test('answers as JSON, coverage included', async () => {
    const { code, stdout } = await run(
      '  - { name: nobody, given: { app: erp, user: { active: false } }, expect: { reason: USER_INACTIVE } }\n',
      '--json',
    )

    const { ok, passed, results, coverage } = JSON.parse(stdout)
    expect([code, ok, passed, results[0].got.reason]).toEqual([0, true, 1, 'USER_INACTIVE'])
    expect(coverage.map(({ rule }: { rule: string }) => rule)).toEqual([
      'unmanaged',
      'finance',
      'late',
    ])
  })

  test('does not take a suite without tests for one that passes', async () => {
    const { code, stdout } = await run('  []\n')

    expect([code, stdout]).toEqual([1, expect.stringContaining('no tests')])
  })

  test('runs a file of tests beside the rules, and rules of a whole folder', async () => {
    const { file, policy } = workspace({ policy: rules })
    const folder = join(dirname(policy), 'rules')
    mkdirSync(folder)
    writeFileSync(join(folder, 'a.yaml'), rules.slice(0, rules.indexOf('rules:')))
    writeFileSync(join(folder, 'b.yaml'), `version: 1\n${rules.slice(rules.indexOf('rules:'))}`)
    const tests = `version: 1
tests: [{ name: beside, given: { app: erp }, expect: { rule: unmanaged } }]`
    writeFileSync(join(folder, 'b.tests.yaml'), tests)

    const { code, stdout } = await runCli('policy', 'test', folder, '--config', file)

    expect([code, stdout]).toEqual([0, expect.stringContaining('ok    beside')])
  })

  test.each([
    ['{ app: erb }', 'no application `erb` (did you mean `erp`?)'],
    [
      '{ app: erp, user: { emials: [] } }',
      '`emials` is no attribute of a user (did you mean `emails`?)',
    ],
    ['{ app: erp, user: { active: "no" } }', '`active` is a boolean, found "no"'],
    ['{ app: erp, context: { asn: x } }', '`context.asn`: expected a number, found "x"'],
    [
      '{ app: erp, context: { contry: DE } }',
      '`context.contry` is unknown (did you mean `country`?)',
    ],
    ['{ app: erp, directory: entro }', 'no directory `entro` (did you mean `entra`?)'],
    ['{ app: erp, user: ann }', '`ann` is looked up only with --live'],
    ['{ port: 80 }', 'name what is connected to: `app`, `host` or `ip`'],
  ])('names the place and the fix in a test with %s', async (given, fault) => {
    const { code, stdout } = await run(
      `  - { name: a, given: ${given}, expect: { effect: block } }\n`,
    )

    expect([code, stdout]).toEqual([1, expect.stringContaining(fault)])
    expect(stdout).toMatch(/policy\.yaml:8:\d+: /)
  })
})
