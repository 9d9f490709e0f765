import type { Command } from 'commander'
import type { DirectoryDiagnosis } from '../app/provisioning-health.ts'
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
import { openOperator } from './open-operator.ts'
import { printable } from './printable.ts'

interface DiagnosisOptions extends ConfigOptions {
  readonly since?: string
  readonly json?: boolean
}

export function addDirectoryDiagnosis(directory: Command, verb: Verb): void {
  directory
    .command('diagnose')
    .description('what is wrong with the mappings at the identity provider, and what to do')
    .argument('[directory]', 'only this one')
    .option('--since <instant>', 'RFC 3339 instant: hold no earlier request against anybody')
    .option(configFlag, configHelp)
    .option(storeFlag, storeHelp)
    .option('--json', 'answer as JSON')
    .action(verb(diagnose))
}

async function diagnose(only: string | undefined, options: DiagnosisOptions): Promise<ExitCode> {
  const { since } = options
  if (since !== undefined && instantOf(since) === undefined) {
    complain(`sallyport: --since \`${since}\`: expected an instant such as 2027-01-31T00:00:00Z`)
    return exit.misuse
  }
  await using operator = await openOperator(loadConfig(options))
  const wanted = only === undefined ? operator.tenancy.directories.map(({ id }) => id) : [only]
  const rows: DirectoryDiagnosis[] = []
  for (const id of wanted) rows.push(await operator.diagnose(id, since))
  print(options.json === true, rows.map(wireRow), rows.map(diagnosisText).join('\n\n'))
  const isWrong = rows.some(({ findings }) => findings.some(({ severity }) => severity === 'wrong'))
  return isWrong ? exit.no : exit.fine
}

function wireRow({ directory, facts, provider, findings }: DirectoryDiagnosis) {
  return {
    directory,
    provider: provider.kind,
    provider_guessed_because: provider.because ?? null,
    looked_at: {
      requests: facts.entries.length,
      since: facts.since ?? facts.entries[0]?.at ?? null,
      users: facts.users.looked,
      users_in_all: facts.counts.users,
      groups: facts.counts.groups,
    },
    findings: findings.map(({ code, severity, effect, cause, remedy, ...more }) => ({
      ...{ code, severity, effect, cause, remedy },
      evidence: snakeCase(more.evidence),
      examples: more.examples,
      since: more.since ?? null,
      last: more.last ?? null,
    })),
  }
}

function snakeCase(evidence: Readonly<Record<string, number>>): Record<string, number> {
  const named = ([name, number]: [string, number]) =>
    [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), number] as const
  return Object.fromEntries(Object.entries(evidence).map(named))
}

function diagnosisText({ directory, facts, provider, findings }: DirectoryDiagnosis): string {
  const { entries, users, counts } = facts
  const [wrong, hints] = (['wrong', 'hint'] as const).map(
    (severity) => findings.filter((finding) => finding.severity === severity).length,
  )
  const sample = users.looked < counts.users ? `the first ${users.looked} of ` : ''
  const lines = [
    `${directory}: ${wrong} wrong, ${hints} to look at`,
    `  looked at ${sample}${counts.users} users and at ${entries.length} noted requests`,
  ]
  if (provider.because !== undefined) {
    lines.push(`  writes: probably ${provider.name}, a guess, since ${provider.because}`)
  }
  for (const { severity, code, effect, cause, remedy, examples, since, last } of findings) {
    const seen = last === undefined ? '' : `  seen ${since ?? ''}${since ? ' to ' : ''}${last}`
    lines.push(
      '',
      `  ${severity === 'wrong' ? 'WRONG' : 'hint '} ${code}${seen}`,
      `    ${printable(effect)}`,
      `    Cause: ${printable(cause)}`,
      `    Do: ${printable(remedy)}`,
    )
    if (examples.length > 0) lines.push(`    Such as: ${printable(examples.join(', '))}`)
  }
  return lines.join('\n')
}
