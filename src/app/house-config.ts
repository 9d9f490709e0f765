import { type Config, type ConfigOverrides, readConfig } from '../config/config.ts'
import { declarationFaults } from '../directory/custom-schema-faults.ts'

/**
 * The config of a house. What a custom schema may be is known where schemas are at home, so the
 * check is handed to the room that reads the file. @throws {ConfigError} with every fault.
 */
export function readHouseConfig(file: string, overrides?: ConfigOverrides): Config {
  return readConfig(file, declarationFaults, overrides)
}
