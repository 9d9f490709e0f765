import type { Command } from 'commander'
import type { PolicyDesk, PublishWishes } from '../app/policy-desk.ts'
import type { Published } from '../app/publish-policy.ts'
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
import { printable } from './printable.ts'

interface StoredOptions extends ConfigOptions, TargetOptions {
  readonly json?: boolean
}
interface PublishOptions extends StoredOptions {
  readonly why: string
  readonly accept?: string
  readonly max?: string
  readonly force?: boolean
  readonly steps?: string
}
interface HistoryOptions extends StoredOptions {
  readonly max: string
}

export function addPolicyPublish(policy: Command, verb: Verb): void {
  const common = (command: Command) =>
    command
      .option('--tenant <id>', 'whose rules they are (default: the only tenant)')
      .option(configFlag, configHelp)
      .option(storeFlag, storeHelp)
      .option('--json', 'answer as JSON')
  common(policy.command('publish'))
    .description('make rule files the active policy, in the store that the config names')
    .argument('[path]', 'rule file or folder (default: that of the config)')
    .requiredOption('--why <text>', 'for whoever reads the history')
    .option('--max <number>', 'refuse if more answers change than that, over every user')
    .option('--accept <numbers>', 'findings taken on purpose, such as 5,10')
    .option('--force', 'go on though a process has not compiled it')
    .action(verb(publish))
  common(policy.command('rollback'))
    .description('publish an older version again, at a new revision')
    .argument('[version]', 'the start of its hash')
    .requiredOption('--why <text>', 'for whoever reads the history')
    .option('--steps <number>', 'so many versions back')
    .option('--accept <numbers>', 'findings taken on purpose, such as 5,10')
    .option('--force', 'go on though a process has not compiled it')
    .action(verb(rollback))
  common(policy.command('history'))
    .description('versions that were published, newest first')
    .option('--max <number>', 'at most so many', '20')
    .action(verb(history))
  common(policy.command('show'))
    .description('the files of a published version, as they were written')
    .argument('[version]', 'the start of its hash (default: the active one)')
    .action(verb(show))
}

async function publish(given: string | undefined, options: PublishOptions): Promise<ExitCode> {
  const target = policyTarget(given, options, loadConfig(options))
  if (typeof target === 'string') return misuse(target)
  if (options.max !== undefined) {
    const changed = await answersThatChange(options, target)
    const max = Number(options.max)
    if (!(max >= 0)) return misuse(`--max \`${options.max}\`: no number`)
    if (changed > max) {
      const text = `${changed} answers would change, more than ${max}: see \`policy diff\``
      print(options.json === true, { ok: false, changed, max }, text)
      return exit.no
    }
  }
  return await publishing(options, target.tenant, (desk, wishes) =>
    desk.publish(target.path, wishes),
  )
}

/** Over every user, from nowhere in particular; 0 where nothing was published before. */
async function answersThatChange(
  options: PublishOptions,
  { tenant, path }: { readonly tenant: string; readonly path: string },
): Promise<number> {
  const config = loadConfig(options)
  const { comparePolicies, VersionUnknown } = await import('../app/policy-impact.ts')
  const here = {
    ...{ name: '', context: new Map(), claims: new Map() },
    nowMs: Temporal.Now.instant().epochMilliseconds,
  }
  try {
    const comparison = { config, tenant, before: 'active', after: path }
    const { counts } = await comparePolicies(comparison, [here], () => undefined)
    return [...counts.flips.values()].reduce((sum, { users }) => sum + users, 0)
  } catch (error) {
    if (error instanceof VersionUnknown) return 0
    throw error
  }
}

async function rollback(version: string | undefined, options: PublishOptions): Promise<ExitCode> {
  const tenant = tenantOf(options)
  if (typeof tenant !== 'object') return misuse(tenant)
  const steps = options.steps === undefined ? undefined : Number(options.steps)
  if ((version === undefined) === (steps === undefined)) {
    return misuse('name a version, or say how many --steps back')
  }
  if (steps !== undefined && !(Number.isInteger(steps) && steps > 0)) {
    return misuse(`--steps \`${options.steps}\`: expected a whole number from 1`)
  }
  const wanted = steps ?? version!
  return await publishing(options, tenant.id, (desk, wishes) => desk.rollback(wanted, wishes))
}

async function publishing(
  options: PublishOptions,
  tenant: string,
  work: (desk: PolicyDesk, wishes: PublishWishes) => Promise<Published>,
): Promise<ExitCode> {
  const accepted = (options.accept ?? '').split(',').filter(Boolean).map(Number)
  if (accepted.some((number) => !Number.isInteger(number))) {
    return misuse(`--accept \`${options.accept}\`: expected numbers of findings, such as 5,10`)
  }
  const json = options.json === true
  const { openPolicyDesk } = await import('../app/policy-desk.ts')
  const { PolicyFileError } = await import('../app/policy-file.ts')
  const { PolicyRefused } = await import('../app/judge-policy.ts')
  try {
    await using desk = await openPolicyDesk(loadConfig(options), tenant)
    const published = await work(desk, {
      why: options.why,
      accepted,
      force: options.force === true,
    })
    const { kind, version } = published
    const text =
      kind === 'active'
        ? `version ${version.slice(0, 12)} is active already`
        : `version ${version.slice(0, 12)} is active`
    print(json, { ok: true, ...published }, text)
    return exit.fine
  } catch (error) {
    if (error instanceof PolicyRefused) {
      print(json, { ok: false, findings: error.findings }, error.message)
      return exit.no
    }
    if (!(error instanceof PolicyFileError)) throw error
    print(json, { ok: false, faults: error.faults }, printFaults(error.faults))
    return exit.no
  }
}

async function history(options: HistoryOptions): Promise<ExitCode> {
  const tenant = tenantOf(options)
  if (typeof tenant !== 'object') return misuse(tenant)
  const max = Number(options.max)
  if (!(Number.isInteger(max) && max > 0)) {
    return misuse(`--max \`${options.max}\`: expected a whole number from 1`)
  }
  const { openPolicyDesk } = await import('../app/policy-desk.ts')
  await using desk = await openPolicyDesk(loadConfig(options), tenant.id)
  const all = await desk.history(max)
  const rows = all.map(({ version, revision, by, why, at, document }, place) => {
    const rules = (JSON.parse(document) as { readonly rules: readonly unknown[] }).rules.length
    return { version, active: place === 0, revision, at, by, why, rules }
  })
  const lines = rows.map(({ version, active, revision, at, by, why, rules }) => {
    const mark = active ? '*' : ' '
    const who = printable(`${by}: ${why}`)
    return `${mark} ${version.slice(0, 12)}  revision ${revision}  ${at}  ${rules} rules  ${who}`
  })
  print(options.json === true, { versions: rows }, lines.join('\n') || 'none was ever published')
  return exit.fine
}

async function show(version: string | undefined, options: StoredOptions): Promise<ExitCode> {
  const tenant = tenantOf(options)
  if (typeof tenant !== 'object') return misuse(tenant)
  const { openPolicyDesk } = await import('../app/policy-desk.ts')
  await using desk = await openPolicyDesk(loadConfig(options), tenant.id)
  const found = version === undefined ? (await desk.history(1))[0] : await desk.find(version)
  if (found === undefined) {
    complain('sallyport: none was ever published')
    return exit.no
  }
  const { sources } = found
  const texts = sources.map(({ file, text }) => {
    return sources.length === 1 ? text : `# ${printable(file)}\n${text}`
  })
  print(options.json === true, { version: found.version, sources }, texts.join('\n').trimEnd())
  return exit.fine
}

function tenantOf(options: StoredOptions): { readonly id: string } | string {
  const { tenants } = loadConfig(options)
  const { tenant: named } = options
  if (named === undefined && tenants.length > 1) {
    return 'the config has several tenants: say which with --tenant'
  }
  const known = tenants.map(({ id }) => id)
  const id = named ?? known[0] ?? ''
  return known.includes(id)
    ? { id }
    : `no tenant \`${id}\` in the config; there are: ${known.join(', ')}`
}

function misuse(text: string): ExitCode {
  complain(`sallyport: ${text}`)
  return exit.misuse
}
