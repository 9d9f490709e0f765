import type { Command } from 'commander'
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
import { addPolicyDiff } from './policy-diff.ts'
import { addPolicyExplain } from './policy-explain.ts'
import { addPolicyPublish } from './policy-publish.ts'
import { policyTarget } from './policy-target.ts'
import { addPolicyTest } from './policy-test.ts'

interface PolicyOptions extends ConfigOptions {
  readonly tenant?: string
  readonly live?: boolean
  readonly strict?: boolean
  readonly info?: boolean
  readonly json?: boolean
}

export function addPolicy(program: Command, verb: Verb): void {
  const policy = program.command('policy').description('rule files')
  policy
    .command('check')
    .description('read rule files and say all that is wrong or doubtful in them; publishes nothing')
    .argument('[path]', 'rule file or folder (default: those of the config)')
    .option('--tenant <id>', 'whose rules the file holds (default: the only tenant)')
    .option('--live', 'hold groups against the directory in the store of the config')
    .option('--strict', 'warnings count as errors')
    .option('--info', 'tell what is worth knowing, too')
    .option(configFlag, configHelp)
    .option(storeFlag, storeHelp)
    .option('--json', 'answer as JSON')
    .action(verb(check))
  addPolicyTest(policy, verb)
  addPolicyExplain(policy, verb)
  addPolicyDiff(policy, verb)
  addPolicyPublish(policy, verb)
}

async function check(given: string | undefined, options: PolicyOptions): Promise<ExitCode> {
  const config = loadConfig(options)
  const target =
    given === undefined && options.tenant === undefined
      ? undefined
      : policyTarget(given, options, config)
  if (typeof target === 'string') {
    complain(`sallyport: ${target}`)
    return exit.misuse
  }
  const json = options.json === true
  const { checkPolicies } = await import('../app/check-policies.ts')
  const { PolicyFileError } = await import('../app/policy-file.ts')
  const { policyVersion } = await import('../policy/checked-policy.ts')
  const { printFindings } = await import('../policy/lint/finding.ts')
  try {
    const only = target && { file: target.path, tenant: target.tenant }
    const checked = await checkPolicies(config, only, options.live === true)
    const findings = checked.flatMap((each) => each.findings)
    const isBad = findings.some(({ severity }) => {
      return severity === 'error' || (severity === 'warn' && options.strict === true)
    })
    const rows = checked.map(({ tenant, file, policy, findings: found }) => ({
      ...{ tenant, file, version: policyVersion(policy), rules: policy.rules.length },
      findings: found,
    }))
    const lines = rows.flatMap(({ file, rules, version, findings: found }) => {
      const told = found.filter(({ severity }) => options.info === true || severity !== 'info')
      const count = told.length === 0 ? 'fine' : `${told.length} findings`
      const head = `${file}: ${count}, ${rules} rules, version ${version.slice(0, 12)}`
      return told.length === 0 ? [head] : [printFindings(told), head]
    })
    print(json, { ok: !isBad, policies: rows, faults: [] }, lines.join('\n') || 'no rule files')
    return isBad ? exit.no : exit.fine
  } catch (error) {
    if (!(error instanceof PolicyFileError)) throw error
    const unread = error.faults.every(({ line }) => line === 0)
    print(json, { ok: false, policies: [], faults: error.faults }, printFaults(error.faults))
    return unread ? exit.failed : exit.no
  }
}
