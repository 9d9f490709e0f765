import { readFileSync } from 'node:fs'
import type { Fault } from '../std/fault.ts'

/**
 * What must never be shown. It comes from the environment alone, or from a file that the
 * environment names: a config file is copied about, a command line shows in `ps`.
 */
export interface StoreSecrets {
  readonly username?: string
  readonly password?: string
  /** The password that is being rotated in. */
  readonly nextPassword?: string
  readonly sentinelPassword?: string
}

const variables = {
  username: 'SALLYPORT_STORE_USERNAME',
  password: 'SALLYPORT_STORE_PASSWORD',
  nextPassword: 'SALLYPORT_STORE_PASSWORD_NEXT',
  sentinelPassword: 'SALLYPORT_STORE_SENTINEL_PASSWORD',
} as const

/** Variables that name no setting of the config file. */
export const secretVariables: readonly string[] = Object.values(variables).flatMap((name) => [
  name,
  `${name}_FILE`,
])

export function readStoreSecrets(environment: NodeJS.ProcessEnv): {
  readonly secrets: StoreSecrets
  readonly faults: readonly Fault[]
} {
  const faults: Fault[] = []
  const secrets: Record<string, string> = {}
  for (const [key, name] of Object.entries(variables)) {
    const fault = (variable: string, message: string) =>
      faults.push({ file: variable, line: 0, column: 0, message })
    const [text, file] = [environment[name], environment[`${name}_FILE`]]
    if (text !== undefined && file !== undefined) {
      fault(name, `set this or ${name}_FILE, not both`)
    } else if (text === '') {
      fault(name, 'is empty: set it to the secret, or do not set it')
    } else if (text !== undefined) {
      secrets[key] = text
    } else if (file !== undefined) {
      const read = readSecret(file)
      if ('fault' in read) fault(`${name}_FILE`, read.fault)
      else secrets[key] = read.text
    }
  }
  return { secrets, faults }
}

function readSecret(file: string): { readonly text: string } | { readonly fault: string } {
  try {
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    return text === '' ? { fault: `file \`${file}\` is empty` } : { text }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    return { fault: `file \`${file}\` cannot be read (${code})` }
  }
}
