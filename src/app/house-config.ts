import { type Config, type ConfigOverrides, readConfig } from '../config/config.ts'
import { declarationFaults } from '../directory/custom-schema-faults.ts'
import { undeclarable } from '../policy/context-keys.ts'

/**
 * The config of a house. What a custom schema or a context key may be is known where those are at
 * home, so the checks are handed to the room that reads the file. @throws {ConfigError} with every
 * fault.
 */
export function readHouseConfig(file: string, overrides?: ConfigOverrides): Config {
  return readConfig(file, { schemas: declarationFaults, contextKey: undeclarable }, overrides)
}
