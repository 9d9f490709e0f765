import type { Command } from 'commander'
import type { TrialRun } from '../app/policy-trial.ts'
import type { RuleCoverage } from '../insight/test-coverage.ts'
import { printFaults } from '../std/fault.ts'
import type { Verb } from './cli.ts'
import {
  type ConfigOptions,
  configFlag,
  configHelp,
  loadConfig,
  storeFlag,
  storeHelp,
} from './config-option.ts'
import { complain, type ExitCode, exit, print } from './exit.ts'
import { policyTarget, type TargetOptions } from './policy-target.ts'
import { snakeKeys } from './snake-keys.ts'

interface TestOptions extends ConfigOptions, TargetOptions {
  readonly live?: boolean
  readonly only?: string
  readonly coverage?: boolean
  readonly json?: boolean
}

export function addPolicyTest(policy: Command, verb: Verb): void {
  policy
    .command('test')
    .description('run the tests of rule files, and of `NAME.tests.yaml` beside them')
    .argument('[path]', 'rule file or folder (default: that of the config)')
    .option('--tenant <id>', 'whose rules they are (default: the only tenant)')
    .option('--live', 'look userNames up in the store of the config')
    .option('--only <name>', 'the test of this name alone')
    .option('--coverage', 'what each condition came to')
    .option(configFlag, configHelp)
    .option(storeFlag, storeHelp)
    .option('--json', 'answer as JSON')
    .action(verb(test))
}

async function test(given: string | undefined, options: TestOptions): Promise<ExitCode> {
  const config = loadConfig(options)
  const target = policyTarget(given, options, config)
  if (typeof target === 'string') {
    complain(`sallyport: ${target}`)
    return exit.misuse
  }
  const json = options.json === true
  const { testPolicy } = await import('../app/policy-trial.ts')
  const { PolicyFileError } = await import('../app/policy-file.ts')
  try {
    const { only } = options
    const run = await testPolicy({ config, ...target }, { live: options.live === true, only })
    const failed = run.results.filter(({ ok }) => !ok).length
    const passed = run.results.length - failed
    const summary = { ok: failed === 0 && passed > 0, passed, failed }
    print(json, snakeKeys({ ...summary, ...run, faults: [] }), report(run, target.path, options))
    return summary.ok ? exit.fine : exit.no
  } catch (error) {
    if (!(error instanceof PolicyFileError)) throw error
    const unread = error.faults.every(({ line }) => line === 0)
    print(json, { ok: false, faults: error.faults }, printFaults(error.faults))
    return unread ? exit.failed : exit.no
  }
}

function report(
  { results, coverage, version }: TrialRun,
  path: string,
  options: TestOptions,
): string {
  const lines = [`sallyport policy test ${path}  version ${version.slice(0, 12)}`]
  for (const { name, ok, differences } of results) {
    const [first = '', ...why] = differences
    lines.push(ok ? `  ok    ${name}` : `  FAIL  ${name}  ${first}`)
    for (const line of why) lines.push(`        ${line}`)
  }
  if (options.coverage === true) lines.push(...coverage.flatMap(coverageLines))
  const failed = results.filter(({ ok }) => !ok).length
  const never = coverage.filter(({ decided }) => decided === 0)
  const names = never.map(({ rule, mode }) => (mode === 'shadow' ? `${rule} (shadow)` : rule))
  const counts =
    results.length === 0 ? 'no tests' : `${results.length - failed} passed, ${failed} failed`
  const undecided = names.length === 0 ? '' : ` · rules that never decided: ${names.join(', ')}`
  lines.push(`  ${counts}${undecided}`)
  return lines.join('\n')
}

function coverageLines({ rule, file, line, decided, conditions }: RuleCoverage): readonly string[] {
  const seen = conditions.map((condition) => {
    const { path, true: held, false: failed, unknown } = condition
    return `        ${path}: true ${held}, false ${failed}, unknown ${unknown}`
  })
  return [`  ${rule} (${file}:${line}) decided ${decided}`, ...seen]
}
