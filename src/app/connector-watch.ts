import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { type Config, ConfigError } from '../config/config.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import { readHouseConfig } from './house-config.ts'

export interface ConnectorWatch {
  readonly config: Config
  /** Puts other rows in force. */
  readonly replace: (rows: Config['connectors']) => void
  readonly observer: Pick<Observer, 'connectorsReplaced' | 'connectorsRefused'>
  readonly clock: Clock
}

/**
 * Keeps the rows of connectors those of the config file, so that one is switched off without a
 * restart: within a second, on open connections too. All else in the file is for the next start. A
 * file that cannot be used changes nothing.
 */
export class ConnectorReload {
  readonly #parts: ConnectorWatch
  #inForce: Config['connectors']
  #fault: string | undefined
  /** What was in the file when it was used last; it may have changed since the start read it. */
  #used: string | undefined

  constructor(parts: ConnectorWatch) {
    this.#parts = parts
    this.#inForce = parts.config.connectors
  }

  /** Why the file on disk is not in force; empty: it is. */
  get troubles(): readonly string[] {
    return this.#fault === undefined ? [] : [`config file refused: ${this.#fault}`]
  }

  /** Uses the file as it is now. */
  async look(): Promise<void> {
    const { file } = this.#parts.config
    const text = await textOf(file)
    this.#use()
    // Written again while it was read: which of the two was read nobody knows.
    this.#used = (await textOf(file)) === text ? text : undefined
  }

  async watch(signal: AbortSignal): Promise<void> {
    const { config, clock } = this.#parts
    let seen = await textOf(config.file)
    while (!signal.aborted) {
      await clock.sleep(lookMs, signal)
      if (signal.aborted) return
      const text = await textOf(config.file)
      // Half-written files are not read: two looks have to agree.
      if (text === seen && text !== this.#used) await this.look()
      seen = text
    }
  }

  #use(): void {
    const { config, replace, observer } = this.#parts
    try {
      const next = readHouseConfig(config.file)
      const tenants = new Set(config.tenants.map(({ id }) => id))
      const stranger = next.connectors.find(({ tenant }) => !tenants.has(tenant))
      if (stranger !== undefined) {
        throw new Error(`connector \`${stranger.id}\` has a new tenant: restart first`)
      }
      const isAsBefore = isDeepStrictEqual(next.connectors, this.#inForce)
      if (isAsBefore && this.#fault === undefined) return
      this.#fault = undefined
      if (!isAsBefore) {
        replace(next.connectors)
        this.#inForce = next.connectors
      }
      observer.connectorsReplaced({ connectors: next.connectors.length })
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
