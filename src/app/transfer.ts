import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { DirectoryId } from '../directory/directory.ts'
import { systemClock } from '../std/clock.ts'
import { exportDirectory } from './directory-export.ts'
import { type Imported, importDirectory } from './directory-import.ts'
import { openHouseStore, tenancyOf } from './house.ts'
import { UnknownDirectory } from './operator.ts'
import { Registries } from './registries.ts'

export type Progress = (resources: number, of: number) => void

/** Writes a directory to a file, which appears only once it is whole; or to standard output. */
export async function exportToFile(
  config: Config,
  directory: string,
  { output, withTokens, progress }: ExportWishes,
): Promise<{ readonly users: number; readonly groups: number }> {
  const id = named(config, directory)
  const temporary = output === undefined ? undefined : `${output}.${process.pid}.part`
  let file: number | undefined
  let held: string[] = []
  await using store = await openHouseStore(config, systemClock, { mayWrite: true })
  try {
    const written = await exportDirectory(
      {
        store,
        begin: () => {
          held = []
          if (file !== undefined) closeSync(file)
          if (temporary !== undefined) file = openSync(temporary, 'w', 0o600)
        },
        write: (line) => {
          if (file === undefined) held.push(line)
          else writeSync(file, line)
        },
        progress,
      },
      id,
      withTokens,
    )
    if (file !== undefined) fsyncSync(file)
    if (temporary !== undefined && output !== undefined) renameSync(temporary, output)
    else process.stdout.write(held.join(''))
    return written
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true })
    throw error
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
export interface ExportWishes {
  readonly output: string | undefined
  readonly withTokens: boolean
  readonly progress: Progress
}

export async function importFromFile(
  config: Config,
  directory: string,
  file: string,
  progress: Progress,
): Promise<Imported> {
  const id = named(config, directory)
  const registry = new Registries(tenancyOf(config)).ofDirectory(id)
  await using store = await openHouseStore(config, systemClock, { mayWrite: true })
  return await importDirectory({ store, registry, progress }, id, file)
}

function named(config: Config, directory: string): DirectoryId {
  const tenancy = tenancyOf(config)
  const found = tenancy.directories.find(({ id }) => id === directory)
  if (found === undefined) throw new UnknownDirectory(directory, tenancy)
  return found.id
}
