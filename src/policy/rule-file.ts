import type { Fault } from '../std/fault.ts'
import { type LocatedYaml, parseLocatedYaml } from '../std/located-yaml.ts'
import { policyFileBytesMax } from './limits.ts'
import { type PolicyFile, PolicyFileSchema } from './schema.ts'
import { shapeFaults, structureFaults } from './shape-faults.ts'

/** A rule file whose shape is right, or as much of it as is. */
export interface RuleFile {
  readonly document: LocatedYaml
  readonly content: PolicyFile
  /** Where each of `content.rules` stands in the file's list. */
  readonly ruleAt: readonly number[]
  /** Names in the file whose entries have faults: naming those is no further fault. */
  readonly brokenApplications: readonly string[]
  readonly brokenLists: readonly string[]
  readonly faults: readonly Fault[]
}

/** Something declared, with the way back to its place. */
export interface Declared<Part> {
  readonly part: Part
  readonly file: RuleFile
  readonly path: readonly PropertyKey[]
}

/** The faults alone if nothing of the file can be read. */
export function readRuleFile(source: {
  readonly file: string
  readonly text: string
}): RuleFile | readonly Fault[] {
  const { file, text } = source
  const whole = (message: string): readonly Fault[] => [{ file, line: 0, column: 0, message }]
  const bytes = Buffer.byteLength(text)
  if (bytes > policyFileBytesMax) {
    return whole(`the file has ${bytes} bytes, at most ${policyFileBytesMax} are read: split it`)
  }
  const document = parse(text, file)
  if (document === undefined) return whole(tooDeep)
  if (document.kind === 'faults') {
    const exhausted = document.faults.some(({ message }) => message.startsWith('Maximum call'))
    return exhausted ? whole(tooDeep) : document.faults
  }
  const { value } = document
  if (!isMapping(value)) {
    return [document.faultAt([], 'expected a mapping with `version: 1` and `rules`')]
  }
  if (typeof value.version === 'number' && value.version > 1) {
    const version = `\`version: ${value.version}\``
    const message = `${version} is from a newer Sallyport, so all of the file is refused`
    return [document.faultAt(['version'], message)]
  }
  const structure = structureFaults(document)
  return structure.length > 0 ? structure : shapedFile(document, value)
}

const tooDeep = 'the file is nested too deep to be read'

function parse(text: string, file: string) {
  try {
    return parseLocatedYaml(text, file)
  } catch (error) {
    // The YAML parser descends: thousands of brackets exhaust its stack.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function shapedFile(
  document: LocatedYaml,
  value: Record<string, unknown>,
): RuleFile | readonly Fault[] {
  const parsed = PolicyFileSchema.safeParse(value)
  if (parsed.success) {
    const ruleAt = parsed.data.rules.map((_, at) => at)
    const broken = { brokenApplications: [], brokenLists: [] }
    return { document, content: parsed.data, ruleAt, ...broken, faults: [] }
  }
  const found = shapeFaults(parsed.error.issues, document, PolicyFileSchema)
  const faults = found.map(({ fault }) => fault)
  // The parts without faults are read on, so that all faults are told at once.
  const brokenIn = (part: string) =>
    new Set(found.filter(({ path }) => path[0] === part).map(({ path }) => path[1]))
  const [applications, lists, rules] = [
    brokenIn('applications'),
    brokenIn('lists'),
    brokenIn('rules'),
  ]
  const given = Array.isArray(value.rules) ? value.rules : []
  const ruleAt = given.map((_, at) => at).filter((at) => !rules.has(at))
  const rest = PolicyFileSchema.safeParse({
    version: 1,
    applications: without(value.applications, applications),
    lists: without(value.lists, lists),
    rules: ruleAt.map((at) => given[at]),
  })
  if (!rest.success) return faults
  return {
    document,
    content: rest.data,
    ruleAt,
    brokenApplications: [...applications].filter((name) => typeof name === 'string'),
    brokenLists: [...lists].filter((name) => typeof name === 'string'),
    faults,
  }
}

function without(value: unknown, broken: ReadonlySet<unknown>): Record<string, unknown> {
  if (!isMapping(value)) return {}
  return Object.fromEntries(Object.entries(value).filter(([key]) => !broken.has(key)))
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
