import type { Command } from 'commander'
import type { DirectoryStatus, FoundUser } from '../app/operator.ts'
import type { Verb } from './cli.ts'
import {
  type ConfigOptions,
  configFlag,
  configHelp,
  loadConfig,
  storeFlag,
  storeHelp,
} from './config-option.ts'
import { addDirectoryDiagnosis } from './directory-diagnosis.ts'
import { addDirectoryLog } from './directory-log.ts'
import { addDirectoryTransfer } from './directory-transfer.ts'
import { complain, type ExitCode, exit, print } from './exit.ts'
import { openOperator } from './open-operator.ts'
import { printable } from './printable.ts'

interface DirectoryOptions extends ConfigOptions {
  readonly json?: boolean
  readonly directory?: string
}

export function addDirectory(program: Command, verb: Verb): void {
  const directory = program.command('directory').description('what identity providers have sent')
  directory
    .command('status')
    .description('counts, last write, and what to look at')
    .argument('[directory]', 'only this one')
    .option(configFlag, configHelp)
    .option(storeFlag, storeHelp)
    .option('--json', 'answer as JSON')
    .action(verb(status))
  directory
    .command('show')
    .description('one user as decisions see it')
    .argument('<user>', 'userName, id or externalId')
    .option('--directory <id>', 'only in this directory')
    .option(configFlag, configHelp)
    .option(storeFlag, storeHelp)
    .option('--json', 'answer as JSON')
    .action(verb(show))
  addDirectoryLog(directory, verb)
  addDirectoryDiagnosis(directory, verb)
  addDirectoryTransfer(directory, verb)
}

async function status(only: string | undefined, options: DirectoryOptions): Promise<ExitCode> {
  await using operator = await openOperator(loadConfig(options))
  const wanted = only === undefined ? operator.tenancy.directories.map(({ id }) => id) : [only]
  const rows: DirectoryStatus[] = []
  for (const id of wanted) rows.push(await operator.directoryStatus(id))
  print(options.json === true, rows.map(wireRow), rows.map(statusText).join('\n\n'))
  return exit.fine
}

function wireRow(row: DirectoryStatus) {
  return {
    directory: row.directory,
    tenant: row.tenant,
    domains: row.domains,
    default: row.isDefault,
    scim_sync: row.scimSync,
    scim_attributes_for_policy: row.scimAttributesForPolicy,
    users: row.users,
    active_users: row.activeUsers,
    groups: row.groups,
    memberships: row.memberships,
    pending_members: row.pendingMembers,
    last_write: row.lastWrite ?? null,
    last_revision: row.lastRevision,
    live_tokens: row.liveTokens,
    notes: row.notes,
  }
}

function statusText(row: DirectoryStatus): string {
  const lines = [
    `${row.directory} (tenant ${row.tenant}${row.isDefault ? ', default' : ''})`,
    `  users        ${row.users}, of them active ${row.activeUsers}`,
    `  groups       ${row.groups}, memberships ${row.memberships}`,
    `  last write   ${row.lastWrite ?? 'never'}`,
    `  live tokens  ${row.liveTokens}`,
    ...row.notes.map((note) => `  ! ${printable(note)}`),
  ]
  return lines.join('\n')
}

async function show(user: string, options: DirectoryOptions): Promise<ExitCode> {
  await using operator = await openOperator(loadConfig(options))
  const all = operator.tenancy.directories.map(({ id }) => id as string)
  const wanted = options.directory === undefined ? all : [options.directory]
  const found: FoundUser[] = []
  for (const id of wanted) found.push(...(await operator.findUsers(id, user)))
  if (found.length === 0) {
    complain(`sallyport: no user \`${user}\` in ${wanted.join(', ')}`)
    return exit.no
  }
  const rows = found.map(({ lastModified, ...user }) => ({ ...user, last_modified: lastModified }))
  print(options.json === true, rows, JSON.stringify(rows, undefined, 2))
  return exit.fine
}
