import type { Command } from 'commander'
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

interface ExportOptions extends ConfigOptions {
  readonly output?: string
  readonly withTokens?: boolean
  readonly json?: boolean
}
interface ImportOptions extends ConfigOptions {
  readonly directory: string
  readonly json?: boolean
}

/** `directory export` and `directory import`: moving a directory, or keeping a copy. */
export function addDirectoryTransfer(directory: Command, verb: Verb): void {
  directory
    .command('export')
    .description('users and groups as lines of JSON, with a checksum')
    .argument('<directory>', 'which one')
    .option('--output <file>', 'appears once it is whole; default: standard output')
    .option('--with-tokens', 'the digests of its SCIM tokens, too')
    .option(configFlag, configHelp)
    .option(storeFlag, storeHelp)
    .option('--json', 'answer as JSON; needs --output')
    .action(verb(runExport))
  directory
    .command('import')
    .description('fills an empty directory from an export')
    .argument('<file>', 'what `directory export` has written')
    .requiredOption('--directory <id>', 'which directory to fill')
    .option(configFlag, configHelp)
    .option(storeFlag, storeHelp)
    .option('--json', 'answer as JSON')
    .action(verb(runImport))
}

async function runExport(directory: string, options: ExportOptions): Promise<ExitCode> {
  const { output, withTokens = false, json = false } = options
  if (json && output === undefined) {
    complain('sallyport: --json needs --output: standard output is the export itself')
    return exit.misuse
  }
  const { exportToFile } = await import('../app/transfer.ts')
  const wishes = { output, withTokens, progress: shown }
  const { users, groups } = await exportToFile(loadConfig(options), directory, wishes)
  endProgress()
  const text = `${users} users and ${groups} groups of ${directory}`
  if (output === undefined) complain(`sallyport: ${text}`)
  else print(json, { directory, file: output, users, groups }, `${output}: ${text}`)
  return exit.fine
}

async function runImport(file: string, options: ImportOptions): Promise<ExitCode> {
  const { importFromFile } = await import('../app/transfer.ts')
  const { directory, json = false } = options
  const imported = await importFromFile(loadConfig(options), directory, file, shown)
  endProgress()
  const { users, groups, tokens, present } = imported
  const before = present > 0 ? `, ${present} of them were there` : ''
  const text = `${directory}: ${users} users, ${groups} groups, ${tokens} tokens${before}`
  print(json, { directory, file, users, groups, tokens, present }, text)
  return exit.fine
}

/** For whoever watches; a script that reads standard error sees the last line alone. */
function shown(resources: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${resources} of ${of}`)
}

function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\n')
}
