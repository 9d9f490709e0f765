/** Where users, groups, policy and tokens are kept, as the setting `store` has it. */
export type StoreUrl =
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: 'redis'
      readonly mode: 'standalone' | 'sentinel' | 'cluster'
      readonly hosts: readonly StoreHost[]
      /** Of the primary, as the sentinels call it. */
      readonly name?: string
      readonly database: number
      readonly tls: boolean
      readonly username?: string
      /** The text itself: there is no secret in it. */
      readonly display: string
    }
export interface StoreHost {
  readonly host: string
  readonly port: number
}

export const storeForms =
  'sqlite:PATH, redis://HOST:PORT/DB, redis+sentinel://HOST:PORT,…/NAME/DB or ' +
  'redis+cluster://HOST:PORT,…'

/** What a text names, or what is wrong with it: never with a password in the words. */
export function parseStoreUrl(text: string): StoreUrl | { readonly fault: string } {
  if (text.startsWith('sqlite:')) {
    const path = text.slice('sqlite:'.length)
    return path === '' ? { fault: `expected ${storeForms}` } : { kind: 'sqlite', path }
  }
  const parts = /^redi(s|ss)(?:\+(sentinel|cluster))?:\/\/([^/?#]*)(?:\/([^?#]*))?$/.exec(text)
  if (parts === null) return { fault: `expected ${storeForms}` }
  const [, scheme, mode = 'standalone', authority = '', path = ''] = parts
  const at = authority.lastIndexOf('@')
  const credentials = authority.slice(0, Math.max(0, at))
  if (credentials.includes(':')) return { fault: passwordFault }
  const hosts: StoreHost[] = []
  for (const each of authority.slice(at + 1).split(',')) {
    const host = parseHost(each, mode === 'sentinel' ? sentinelPort : redisPort)
    if (host === undefined)
      return { fault: 'expected HOST:PORT, as in 10.0.0.5:6379 or [::1]:6379' }
    hosts.push(host)
  }
  if (mode === 'standalone' && hosts.length > 1) {
    return { fault: 'one server is one HOST:PORT: say redis+sentinel:// or redis+cluster://' }
  }
  const segments = path === '' ? [] : path.split('/')
  const name = mode === 'sentinel' ? segments.shift() : undefined
  if (mode === 'sentinel' && !name) {
    return { fault: 'name the primary as the sentinels do: redis+sentinel://HOST:PORT/NAME' }
  }
  const [number = '0'] = segments
  const isNumber = /^\d{1,5}$/.test(number) && segments.length <= 1
  if (!isNumber) return { fault: 'expected the number of a database, such as /0' }
  if (mode === 'cluster' && number !== '0') return { fault: 'a cluster has database 0 alone' }
  return {
    kind: 'redis',
    mode: mode as 'standalone' | 'sentinel' | 'cluster',
    hosts,
    ...(name !== undefined && { name }),
    database: Number(number),
    tls: scheme === 'ss',
    ...(credentials !== '' && { username: decodeURIComponent(credentials) }),
    display: text,
  }
}

const passwordFault =
  'a password does not belong in a URL, which shows in `ps` and in logs: ' +
  'set SALLYPORT_STORE_PASSWORD, or SALLYPORT_STORE_PASSWORD_FILE to the file that holds it'
const redisPort = 6379
const sentinelPort = 26_379

function parseHost(text: string, standard: number): StoreHost | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text)
  if (parts === null) return undefined
  const port = parts[3] === undefined ? standard : Number(parts[3])
  if (port < 1 || port > 65_535) return undefined
  return { host: parts[1] ?? parts[2]!, port }
}
