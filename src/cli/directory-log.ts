import type { Command } from 'commander'
import type { DirectoryLog } from '../app/provisioning-health.ts'
import { syncWords } from '../insight/sync-words.ts'
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

interface LogOptions extends ConfigOptions {
  readonly failed?: boolean
  readonly reads?: boolean
  readonly since?: string
  readonly limit: string
  readonly json?: boolean
}

export function addDirectoryLog(directory: Command, verb: Verb): void {
  directory
    .command('log')
    .description('what identity providers asked, what came of it, and what changed')
    .argument('[directory]', 'only this one')
    .option('--failed', 'only what was refused or failed')
    .option('--reads', 'successful reads as well')
    .option('--since <instant>', 'RFC 3339 instant of the first one')
    .option('--limit <number>', 'the newest so many of each directory', '50')
    .option(configFlag, configHelp)
    .option(storeFlag, storeHelp)
    .option('--json', 'answer as JSON')
    .action(verb(log))
}

async function log(only: string | undefined, options: LogOptions): Promise<ExitCode> {
  const { failed = false, reads = false, since, limit } = options
  if (since !== undefined && instantOf(since) === undefined) {
    complain(`sallyport: --since \`${since}\`: expected an instant such as 2027-01-31T00:00:00Z`)
    return exit.misuse
  }
  if (!/^[1-9]\d{0,5}$/.test(limit)) {
    complain(`sallyport: --limit \`${limit}\`: expected a whole number from 1`)
    return exit.misuse
  }
  await using operator = await openOperator(loadConfig(options))
  const wanted = only === undefined ? operator.tenancy.directories.map(({ id }) => id) : [only]
  const query = { failed, reads, max: Number(limit), ...(since !== undefined && { since }) }
  const logs: LogOf[] = []
  for (const id of wanted) logs.push({ directory: id, ...(await operator.directoryLog(id, query)) })
  // One log of all: a company that has two providers looks for a moment, not for a directory.
  const rows = logs
    .flatMap(({ directory, entries }) => entries.map((entry) => ({ directory, entry })))
    .sort((a, b) => Date.parse(a.entry.at) - Date.parse(b.entry.at))
  const value = { entries: rows.map(wireRow), directories: logs.map(wireTally) }
  print(options.json === true, value, logText(rows, logs))
  return exit.fine
}

interface LogOf extends DirectoryLog {
  readonly directory: string
}
interface Row {
  readonly directory: string
  readonly entry: DirectoryLog['entries'][number]
}

function wireRow({ directory, entry }: Row) {
  const { changes, remarks } = entry
  return {
    directory,
    at: entry.at,
    operation: entry.operation,
    method: entry.method,
    route: entry.route,
    status: entry.status,
    duration_ms: entry.durationMs,
    resource_type: entry.of === undefined ? null : { users: 'User', groups: 'Group' }[entry.of],
    id: entry.id ?? null,
    name: entry.name ?? null,
    scim_type: entry.scimType ?? null,
    error: entry.error ?? null,
    changes: changes ?? null,
    notes: entry.notes,
    ignored: remarks.ignored,
    coerced: remarks.coerced,
    assumed: remarks.assumed,
    token_id: entry.tokenId,
    user_agent: entry.userAgent ?? null,
    times: entry.times,
    text: syncWords(entry),
  }
}

function wireTally({ directory, tally }: LogOf) {
  return {
    directory,
    dropped: tally.dropped,
    dropped_at: tally.droppedAt ?? null,
    refused_tokens: tally.refused,
    refused_tokens_at: tally.refusedAt ?? null,
  }
}

function logText(rows: readonly Row[], logs: readonly LogOf[]): string {
  const width = Math.max(0, ...logs.map(({ directory }) => directory.length))
  const lines = rows.map(({ directory, entry }) => {
    const place = logs.length > 1 ? `${directory.padEnd(width)}  ` : ''
    const took = `${Math.round(entry.durationMs)} ms`.padStart(7)
    return `${entry.at}  ${place}${entry.status} ${took}  ${printable(syncWords(entry))}`
  })
  const counts = logs.flatMap(
    ({ directory, tally: { dropped, droppedAt, refused, refusedAt } }) => [
      dropped > 0 ? `${directory}: not noted ${dropped}, the last ${droppedAt}` : '',
      refused > 0 ? `${directory}: refused for their token ${refused}, the last ${refusedAt}` : '',
    ],
  )
  const told = counts.filter((line) => line !== '')
  return [...(lines.length === 0 ? ['no such requests'] : lines), ...told].join('\n')
}
