import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ImpactReport } from '../app/policy-impact.ts'
import type { GainsAndLosses, Surroundings } from '../insight/impact.ts'
import type { RecordedChange } from '../insight/replay.ts'
import type { Value } from '../policy/policy.ts'
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
import { instantOf } from './instant.ts'
import { policyTarget, type TargetOptions } from './policy-target.ts'
import { printable } from './printable.ts'
import { valuesOf } from './values-option.ts'

interface DiffOptions extends ConfigOptions, TargetOptions {
  readonly context: readonly string[]
  readonly claim: readonly string[]
  readonly now?: string
  readonly attempts?: string
  readonly max?: string
  readonly json?: boolean
}

export function addPolicyDiff(policy: Command, verb: Verb): void {
  const collect = (value: string, all: readonly string[]) => [...all, value]
  policy
    .command('diff')
    .description('whose answers change between two versions, over every user and application')
    .argument('[before]', '`active`, the start of a version, a file or a folder', 'active')
    .argument('[after]', 'likewise (default: the rule file of the config)')
    .option('--context <key=value>', 'what every gateway would send', collect, [])
    .option('--claim <key=value>', 'what every token would say', collect, [])
    .option('--now <time>', 'RFC 3339 time of the attempts (default: now)')
    .option('--attempts <file>', 'recorded attempts instead, one JSON object a line')
    .option('--max <number>', 'exit with 1 if more answers change')
    .option('--tenant <id>', 'whose rules they are (default: the only tenant)')
    .option(configFlag, configHelp)
    .option(storeFlag, storeHelp)
    .option('--json', 'answer as JSON')
    .action(verb(diff))
}

async function diff(
  before: string,
  given: string | undefined,
  options: DiffOptions,
): Promise<ExitCode> {
  const config = loadConfig(options)
  const target = policyTarget(undefined, options, config)
  const tenant = typeof target === 'string' && given === undefined ? target : undefined
  const surroundings = surroundingsOf(options)
  const max = options.max === undefined ? Number.POSITIVE_INFINITY : Number(options.max)
  const fault =
    tenant ??
    (typeof surroundings === 'string' ? surroundings : undefined) ??
    (Number.isNaN(max) ? `--max \`${options.max}\`: no number` : undefined)
  if (fault !== undefined || typeof surroundings === 'string') {
    complain(`sallyport: ${fault}`)
    return exit.misuse
  }
  const id = typeof target === 'string' ? (config.tenants[0]?.id ?? '') : target.tenant
  const after = given ?? (typeof target === 'string' ? '' : target.path)
  const comparison = { config, tenant: id, before: pathOr(before), after: pathOr(after) }
  const json = options.json === true
  const { comparePolicies, compareRecorded } = await import('../app/policy-impact.ts')
  if (options.attempts !== undefined) {
    const changes = await compareRecorded(comparison, options.attempts)
    print(json, { changes }, recordedText(changes))
    if (changes.some(({ kind }) => kind === 'fault')) return exit.failed
    return changes.length > max ? exit.no : exit.fine
  }
  const report = await comparePolicies(comparison, [surroundings], bar())
  const total = flipsOf(report)
  print(json, reportJson(report), reportText(report))
  return total > max ? exit.no : exit.fine
}

/** Versions and `active` stay as they are. */
function pathOr(text: string): string {
  return text === 'active' || /^[0-9a-f]{6,64}$/.test(text) ? text : resolve(text)
}

function surroundingsOf(options: DiffOptions): Surroundings | string {
  const context = valuesOf('--context', options.context)
  if (typeof context === 'string') return context
  const claims = valuesOf('--claim', options.claim)
  if (typeof claims === 'string') return claims
  const now = options.now === undefined ? Temporal.Now.instant() : instantOf(options.now)
  if (now === undefined) return `--now \`${options.now}\`: no RFC 3339 time`
  return {
    name: '',
    context: new Map<string, Value>(Object.entries(context)),
    claims: new Map<string, Value>(Object.entries(claims)),
    nowMs: now.epochMilliseconds,
  }
}

/** How far it is, for whoever watches a terminal. */
function bar(): (users: number, all: number) => void {
  if (!process.stderr.isTTY) return () => undefined
  return (users, all) => {
    const done = Math.round((users / Math.max(1, all)) * 30)
    const text = `\r  [${'#'.repeat(done)}${'.'.repeat(30 - done)}] ${users} of ${all} users`
    process.stderr.write(users < all ? text : `${text}\n`)
  }
}

function flipsOf({ counts }: ImpactReport): number {
  return [...counts.flips.values()].reduce((sum, { users }) => sum + users, 0)
}

function reportJson({ before, after, applications, classes, counts }: ImpactReport): object {
  const sorted = (all: ReadonlyMap<string, GainsAndLosses>) =>
    [...all].map(([name, count]) => ({ name, ...count }))
  const { users, changed } = counts
  return {
    ...{ before, after, applications, classes, users, users_changed: changed },
    flips: [...counts.flips.values()].map(({ flip, users: count, examples }) => {
      const { application, to, before: was, after: is } = flip
      return { application, to, before: was, after: is, users: count, examples }
    }),
    by_group: sorted(counts.byGroup),
    by_department: sorted(counts.byDepartment),
  }
}

function reportText(report: ImpactReport): string {
  const { before, after, applications, classes, counts } = report
  const lines = [
    `sallyport policy diff  ${before.slice(0, 12)} -> ${after.slice(0, 12)}`,
    `  ${counts.users} users in ${classes} classes, ${applications} applications with other rules`,
  ]
  if (counts.flips.size === 0) return [...lines, '  no answer changes'].join('\n')
  const flips = [...counts.flips.values()].sort((a, b) => b.users - a.users)
  for (const { flip, users, examples } of flips) {
    const { application, to, before: was, after: is } = flip
    const what = to === 'allow' ? '+ gain' : '- lose'
    const who = `${printable(examples.slice(0, 3).join(', '))}${users > 3 ? ', …' : ''}`
    lines.push(`  ${what} ${application}: ${users} (${was} -> ${is})  ${who}`)
  }
  lines.push(...topLines('group', counts.byGroup), ...topLines('department', counts.byDepartment))
  lines.push(`  ${flipsOf(report)} answers change for ${counts.changed} users`)
  return lines.join('\n')
}

function topLines(what: string, all: ReadonlyMap<string, GainsAndLosses>): readonly string[] {
  const weight = ({ gains, losses }: GainsAndLosses) => gains + losses
  const sorted = [...all].sort(([, a], [, b]) => weight(b) - weight(a)).slice(0, topMax)
  return sorted.map(([name, { gains, losses }]) => {
    return `  by ${what} ${printable(name)}: +${gains} -${losses}`
  })
}
const topMax = 10

function recordedText(changes: readonly RecordedChange[]): string {
  const lines = changes.map((change) => {
    if (change.kind === 'fault') return `  line ${change.line}: ${change.fault}`
    const { line, user, application, to, before, after } = change
    return `  line ${line}: ${printable(user)} ${application} -> ${to} (${before} -> ${after})`
  })
  const flips = changes.filter(({ kind }) => kind === 'flip').length
  return [...lines, `  ${flips} recorded answers change`].join('\n')
}
