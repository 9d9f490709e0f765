import { readFileSync } from 'node:fs'
import type { ClientOptions, SallyportClient } from '../client/client.ts'
import { type ExitCode, exit } from './exit.ts'

/** Files that hold what the command line must not: arguments are seen by everybody on a machine. */
export interface ClientFiles {
  readonly tokenFile?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** For one question of a person, who reads by himself what is to be performed. */
export async function openClient(
  server: string,
  { tokenFile, ca, cert, key }: ClientFiles,
): Promise<
  { readonly client: SallyportClient } | { readonly fault: string; readonly exit: ExitCode }
> {
  const texts: Partial<Record<'token' | 'ca' | 'cert' | 'key', string>> = {}
  for (const [name, file] of Object.entries({ token: tokenFile, ca, cert, key })) {
    if (file === undefined) continue
    try {
      texts[name as keyof typeof texts] = readFileSync(file, 'utf8')
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? 'unknown error'
      const flag = name === 'token' ? '--token-file' : `--${name}`
      return { fault: `${flag} \`${file}\` cannot be read (${why})`, exit: exit.failed }
    }
  }
  const { token, ...tls } = texts
  const options: ClientOptions = {
    performs: 'all',
    streams: false,
    ...(token !== undefined && { token: token.trim() }),
    ...(Object.keys(tls).length > 0 && { tls }),
  }
  // A verb must not wait for what it does not need.
  const { SallyportClient } = await import('../client/client.ts')
  const { ClientOptionsError } = await import('../client/errors.ts')
  try {
    return { client: SallyportClient.connect(server, options) }
  } catch (error) {
    if (error instanceof ClientOptionsError) return { fault: error.message, exit: exit.misuse }
    throw error
  }
}
