import { parse } from 'yaml'
import { z } from 'zod'
import type { Fault } from '../std/fault.ts'
import type { Path } from '../std/located-yaml.ts'
import { didYouMean } from '../std/nearest-name.ts'
import { secretVariables } from './secrets.ts'

export interface AppliedEnvironment {
  /** A copy of the file's value with what the environment says in place. */
  readonly applied: unknown
  readonly faults: readonly Fault[]
  /** Faults of values that came from the environment name their variable instead of a line. */
  relocate(error: z.ZodError, faults: readonly Fault[]): readonly Fault[]
}

/**
 * Lays `SALLYPORT_…` variables over the file: the path in upper snake case, `listen.scim.address`
 * being SALLYPORT_LISTEN_SCIM_ADDRESS. Values are read as YAML scalars or flow lists. Tenants and
 * directories that the file names can be reached; new ones cannot be made. A variable that names
 * nothing is a fault, as a misspelt key is.
 */
export function environmentFor(
  schema: z.ZodType,
  value: unknown,
  variables: NodeJS.ProcessEnv,
): AppliedEnvironment {
  const applied = structuredClone(value ?? {})
  const faults: Fault[] = []
  const paths = new Map(settable(schema, applied, []).map((path) => [variableOf(path), path]))
  const used: { readonly path: Path; readonly name: string }[] = []
  for (const [name, text] of Object.entries(variables)) {
    if (!name.startsWith(prefix) || reserved.has(name) || text === undefined) continue
    const path = paths.get(name)
    if (path === undefined) {
      const message = `names no setting${didYouMean(name, paths.keys())}`
      faults.push({ file: name, line: 0, column: 0, message })
      continue
    }
    used.push({ path, name })
    place(applied, path, readValue(text))
  }
  const relocate = (error: z.ZodError, found: readonly Fault[]) => {
    if (found.length !== error.issues.length) return found
    return found.map((fault, index) => {
      const at = error.issues[index]!.path
      const source = used.find(({ path }) => path.every((part, depth) => at[depth] === part))
      return source === undefined ? fault : { ...fault, file: source.name, line: 0, column: 0 }
    })
  }
  return { applied, faults, relocate }
}

/** The config file that the environment names. */
export function configFromEnvironment(): string | undefined {
  return process.env.SALLYPORT_CONFIG
}

const prefix = 'SALLYPORT_'
/** Name the config file itself, and what must not be in it. */
const reserved = new Set(['SALLYPORT_CONFIG', ...secretVariables])

function variableOf(path: Path): string {
  const snake = path.map((part) => String(part).replace(/([a-z])([A-Z])/g, '$1_$2'))
  return prefix + snake.join('_').replaceAll('-', '_').toUpperCase()
}

function settable(schema: z.ZodType, value: unknown, path: Path): readonly Path[] {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([key, child]) =>
      settable(child, childOf(value, key), [...path, key]),
    )
  }
  if (inner instanceof z.ZodRecord) {
    const names = typeof value === 'object' && value !== null ? Object.keys(value) : []
    return names.flatMap((name) =>
      settable(inner.valueType as z.ZodType, childOf(value, name), [...path, name]),
    )
  }
  if (inner instanceof z.ZodUnion) {
    const options = inner.options as z.ZodType[]
    const deeper = options.flatMap((option) => settable(option, value, path))
    return deeper.filter((one, index) => deeper.findIndex((two) => same(one, two)) === index)
  }
  return [path]
}

function same(one: Path, two: Path): boolean {
  return one.length === two.length && one.every((part, index) => part === two[index])
}

function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault
  ) {
    inner = inner.unwrap() as z.ZodType
  }
  return inner
}

function childOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string, unknown>)[key]
}

function place(root: unknown, path: Path, value: unknown): void {
  let at = root as Record<string, unknown>
  for (const part of path.slice(0, -1)) {
    const child = childOf(at, String(part))
    if (typeof child !== 'object' || child === null) at[String(part)] = {}
    at = at[String(part)] as Record<string, unknown>
  }
  at[String(path.at(-1))] = value
}

function readValue(text: string): unknown {
  try {
    return parse(text, { version: '1.2', schema: 'core' })
  } catch {
    // Not YAML: the text itself, and the schema says what is wrong with it.
    return text
  }
}
