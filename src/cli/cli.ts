import { Command, CommanderError } from 'commander'
import { productVersion } from '../std/product-version.ts'
import { addCheck } from './check.ts'
import { addDirectory } from './directory.ts'
import { addDoctor } from './doctor.ts'
import { complain, type ExitCode, exit } from './exit.ts'
import { explainFailure } from './failure.ts'
import { addPolicy } from './policy.ts'
import { addServe } from './serve.ts'
import { addToken } from './token.ts'

/**
 * cli: the verbs a person types.
 *
 * `check` asks a running server; `policy check` and `test` read files; the other verbs of `policy`,
 * `token` and `directory` open the store that the config names. All that answer take `--json`. Exit
 * codes: 0 fine, 1 the answer is no, 2 misuse, 3 something cannot be reached or loaded.
 *
 * A verb imports what it needs when it runs: `check` must not wait for a server to be loaded.
 *
 * Not here: what any verb does beyond asking and printing (app/, client/).
 */
export async function run(args: readonly string[]): Promise<void> {
  const program = new Command('sallyport')
    .description('Allow or block? A policy decision point with a SCIM-fed directory cache.')
    .version(productVersion)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
  const verbs: Verb =
    (action) =>
    async (...given) => {
      process.exitCode = await action(...given)
    }
  for (const add of [addServe, addToken, addCheck, addPolicy, addDirectory, addDoctor]) {
    add(program, verbs)
  }
  // `sallyport directory status | head` is no fault, and a server outlives whoever read its lines.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exit.fine : exit.misuse
      return
    }
    complain(explainFailure(error))
    process.exitCode = exit.failed
  }
}

/** Turns what a verb answers into the exit code of the process. */
export type Verb = <Given extends unknown[]>(
  action: (...given: Given) => Promise<ExitCode | undefined>,
) => (...given: Given) => Promise<void>
