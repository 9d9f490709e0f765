import { resolve } from 'node:path'
import type { Command } from 'commander'
import { printFaults } from '../std/fault.ts'
import type { Verb } from './cli.ts'
import { type ConfigOptions, configFlag, configHelp, loadConfig } from './config-option.ts'
import { complain, type ExitCode, exit, print } from './exit.ts'
import { addPolicyDiff } from './policy-diff.ts'
import { addPolicyExplain } from './policy-explain.ts'
import { addPolicyTest } from './policy-test.ts'

interface PolicyOptions extends ConfigOptions {
  readonly tenant?: string
  readonly json?: boolean
}

export function addPolicy(program: Command, verb: Verb): void {
  const policy = program.command('policy').description('rule files')
  policy
    .command('check')
    .description('read rule files and say all that is wrong with them; publishes nothing')
    .argument('[path]', 'rule file or folder (default: those of the config)')
    .option('--tenant <id>', 'whose rules the file holds (default: the only tenant)')
    .option(configFlag, configHelp)
    .option('--json', 'answer as JSON')
    .action(verb(check))
  addPolicyTest(policy, verb)
  addPolicyExplain(policy, verb)
  addPolicyDiff(policy, verb)
}

async function check(file: string | undefined, options: PolicyOptions): Promise<ExitCode> {
  const config = loadConfig(options)
  const tenant = options.tenant ?? config.tenants[0]?.id ?? ''
  if (!config.tenants.some(({ id }) => id === tenant)) {
    const known = config.tenants.map(({ id }) => id).join(', ')
    complain(`sallyport: no tenant \`${tenant}\` in the config; there are: ${known}`)
    return exit.misuse
  }
  if (options.tenant === undefined && config.tenants.length > 1 && file !== undefined) {
    complain('sallyport: the config has several tenants: say which with --tenant')
    return exit.misuse
  }
  const json = options.json === true
  const { checkPolicies } = await import('../app/operator.ts')
  const { PolicyFileError } = await import('../app/policy-file.ts')
  const { policyVersion } = await import('../policy/checked-policy.ts')
  try {
    const only = file === undefined ? undefined : { file: resolve(file), tenant }
    const checked = await checkPolicies(config, only)
    const rows = checked.map(({ tenant, file, policy }) => ({
      tenant,
      file,
      version: policyVersion(policy),
      rules: policy.rules.length,
    }))
    const lines = rows.map(
      (row) => `${row.file}: fine, ${row.rules} rules, version ${row.version.slice(0, 12)}`,
    )
    print(json, { ok: true, policies: rows, faults: [] }, lines.join('\n') || 'no rule files')
    return exit.fine
  } catch (error) {
    if (!(error instanceof PolicyFileError)) throw error
    const unread = error.faults.every(({ line }) => line === 0)
    print(json, { ok: false, policies: [], faults: error.faults }, printFaults(error.faults))
    return unread ? exit.failed : exit.no
  }
}
