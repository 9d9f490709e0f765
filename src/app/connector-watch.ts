import { readFile } from 'node:fs/promises'
import type { Connectors } from '../access/connectors.ts'
import { type Config, ConfigError } from '../config/config.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import { connectorRows } from './connector-rows.ts'
import { readHouseConfig } from './house-config.ts'

export interface ConnectorWatch {
  readonly config: Config
  readonly connectors: Connectors
  /** Ends the connections of those who may no longer call. */
  readonly replaced: () => void
  readonly observer: Observer
  readonly clock: Clock
}

/**
 * Keeps the rows of connectors those of the config file, so that one is switched off without a
 * restart: within a second, on open connections too. All else in the file is for the next start. A
 * file that cannot be used changes nothing.
 */
export class ConnectorReload {
  readonly #parts: ConnectorWatch
  #fault: string | undefined

  constructor(parts: ConnectorWatch) {
    this.#parts = parts
  }

  /** Why the file on disk is not in force; empty: it is. */
  get troubles(): readonly string[] {
    return this.#fault === undefined ? [] : [`config file refused: ${this.#fault}`]
  }

  async watch(signal: AbortSignal): Promise<void> {
    const { config, clock } = this.#parts
    let used = await textOf(config.file)
    let seen = used
    while (!signal.aborted) {
      await clock.sleep(lookMs, signal)
      if (signal.aborted) return
      const text = await textOf(config.file)
      // Half-written files are not read: two looks have to agree.
      if (text === seen && text !== used) {
        used = text
        this.#use()
      }
      seen = text
    }
  }

  #use(): void {
    const { config, connectors, replaced, observer } = this.#parts
    try {
      const next = readHouseConfig(config.file)
      const tenants = new Set(config.tenants.map(({ id }) => id))
      const stranger = next.connectors.find(({ tenant }) => !tenants.has(tenant))
      if (stranger !== undefined) {
        throw new Error(`connector \`${stranger.id}\` has a new tenant: restart first`)
      }
      const rows = connectorRows(next)
      connectors.replace(rows)
      this.#fault = undefined
      replaced()
      observer.connectorsReplaced({ connectors: rows.length })
    } catch (error) {
      const faults = error instanceof Error ? error.message : String(error)
      this.#fault = error instanceof ConfigError ? (faults.split('\n')[0] ?? '') : faults
      observer.connectorsRefused({ faults })
    }
  }
}

/** Two looks and the reading of the file are well within the second that is promised. */
const lookMs = 250

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => `unreadable: ${error.code}`)
}
