import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

/** Which rooms a room may import, itself aside; a room that is missing here fails. */
const mayImport: Record<string, string> = {
  std: '',
  console: '',
  directory: 'std',
  config: 'std',
  observe: 'std',
  client: 'std',
  policy: 'std directory',
  store: 'std observe directory',
  audit: 'std observe',
  access: 'std observe directory store',
  feed: 'std observe directory store',
  cache: 'std observe directory store feed',
  decision: 'std directory policy cache',
  sessions: 'std observe directory cache policy decision',
  insight: 'std directory store cache policy decision audit',
  scim: 'std directory store',
  'scim-http': 'std observe access scim',
  grpc: 'std observe directory access decision sessions',
  authzen: 'std observe directory access decision insight',
  admin: 'std observe directory access store sessions policy insight audit',
  cli: 'std config policy insight client app',
}

/** Packages that only the named rooms may import. */
const homeOf: readonly (readonly [pattern: RegExp, rooms: string])[] = [
  [/^(ioredis|node:sqlite)/, 'store'],
  [/^@?fastify/, 'scim-http authzen admin'],
  [/^(@grpc\/|grpc-)/, 'grpc client'],
  [/^(pino|@prometheus-io\/)/, 'observe'],
]

/** A file nobody reads in one sitting hides things; STYLE of the house is 40 to 200 lines. */
const fileLinesMax = 400
const columnsMax = 100

const root = join(import.meta.dirname, '..')
const src = join(root, 'src')
const sources = filesUnder(src).filter((file) => file.endsWith('.ts'))

describe.each(sources.map((file) => relative(root, file)))('%s', (name) => {
  const file = join(root, name)
  const text = readFileSync(file, 'utf8')
  const room = roomOf(relative(src, file))

  test('imports only the rooms it may', () => {
    expect(wrongArrows(file, text)).toEqual([])
  })

  test('imports packages only where they are at home', () => {
    const strangers = specifiers(text).filter((specifier) =>
      homeOf.some(
        ([pattern, rooms]) => pattern.test(specifier) && !rooms.split(' ').includes(room),
      ),
    )
    expect(strangers).toEqual([])
  })

  test('reads the environment, the clock and the module loader only where that is its work', () => {
    const uses = (pattern: RegExp) => pattern.test(text)
    expect(uses(/\bprocess\.env\b/) && room !== 'config').toBe(false)
    expect(uses(/\bDate\.now\(/) && name !== 'src/std/clock.ts').toBe(false)
    expect(uses(/\bcreateRequire\b/)).toBe(false)
  })

  test('is named in kebab-case, short enough to read and free of orphaned to-dos', () => {
    const lines = text.split('\n')
    expect(name).toMatch(/^src(\/[a-z0-9]+(-[a-z0-9]+)*)+\.ts$/)
    expect(lines.length).toBeLessThanOrEqual(fileLinesMax)
    expect(lines.filter((line) => line.length > columnsMax && !/^#!/.test(line))).toEqual([])
    expect(lines.filter((line) => /\bTODO\b(?!\([a-z]+\))/.test(line))).toEqual([])
  })
})

describe('the house', () => {
  test('has a lead file of its own name in every room', () => {
    const rooms = readdirSync(src).filter((entry) => statSync(join(src, entry)).isDirectory())
    const leaderless = rooms.filter(
      (room) => room !== 'std' && !sources.includes(join(src, room, `${room}.ts`)),
    )
    expect(leaderless).toEqual([])
  })

  test.each([
    ['scim/scim.ts', `import { Decider } from '../decision/decider.ts'`],
    ['decision/decider.ts', `import '../scim/scim.ts'`],
    ['directory/filter.ts', `const policy = await import('../policy/policy.ts')`],
    ['store/store.ts', `new Worker(new URL('../scim/worker.ts', import.meta.url))`],
    ['cache/cache.ts', `export { x } from '../grpc/convert.ts'`],
  ])('refuses the planted arrow in %s: %s', (name, line) => {
    expect(wrongArrows(join(src, name), line)).not.toEqual([])
  })
})

function wrongArrows(file: string, text: string): string[] {
  const room = roomOf(relative(src, file))
  return specifiers(text)
    .filter((specifier) => specifier.startsWith('.'))
    .filter((specifier) => !allowed(room, roomOf(relative(src, join(dirname(file), specifier)))))
}

function allowed(room: string, other: string): boolean {
  if (other === room) return true
  if (room === 'app') return other !== 'cli'
  if (room === 'main') return other === 'cli'
  return mayImport[room]?.split(' ').includes(other) ?? false
}

/** `new URL('./x.ts'` is how a worker is started. */
function specifiers(text: string): string[] {
  return [...text.matchAll(/(?:from|import|new URL)[\s(]*'([^']+)'/g)].map(([, name]) => name!)
}

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '')
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)],
  )
}
