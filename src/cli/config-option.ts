import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { readHouseConfig } from '../app/house-config.ts'
import type { Config } from '../config/config.ts'
import { configFromEnvironment } from '../config/environment.ts'

export const configFlag = '--config <file>'
export const configHelp =
  'config file (default: $SALLYPORT_CONFIG, ./sallyport.yaml, the quickstart)'
export const storeFlag = '--store <location>'
export const storeHelp = 'sqlite:PATH or redis://HOST:PORT/DB; goes before the config file'

export interface ConfigOptions {
  readonly config?: string
  readonly store?: string
}

export function loadConfig(options: ConfigOptions): Config {
  return readHouseConfig(configFileOf(options), { store: options.store })
}

/** What runs when nothing else is named: everything, on loopback, with an example directory. */
export const quickstartFile = join(import.meta.dirname, '../../examples/quickstart/sallyport.yaml')

function configFileOf({ config }: ConfigOptions): string {
  if (config !== undefined) return config
  const named = configFromEnvironment()
  if (named !== undefined) return named
  if (existsSync('sallyport.yaml')) return 'sallyport.yaml'
  return relative(process.cwd(), quickstartFile)
}
