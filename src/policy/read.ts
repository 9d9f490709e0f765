import type { Fault } from '../std/fault.ts'
import { didYouMean } from '../std/nearest-name.ts'
import type { Vocabulary } from './attribute-at.ts'
import { checkApplications, checkLists } from './check-declarations.ts'
import { checkRules } from './check-rules.ts'
import type {
  CheckedApplication,
  CheckedList,
  CheckedPolicy,
  CheckedRule,
} from './checked-policy.ts'
import { applicationsMax, listsMax, rulesMax } from './limits.ts'
import { type PolicyTest, testsOf } from './policy-test.ts'
import { type Declared, type RuleFile, readRuleFile } from './rule-file.ts'

export interface PolicySourceText {
  readonly file: string
  readonly text: string
}
export interface ReadOptions {
  readonly tenant: string
  readonly vocabulary: Vocabulary
  /** Ids of the tenant's directories. */
  readonly directories: readonly string[]
}
export type ReadPolicy =
  | {
      readonly kind: 'policy'
      readonly policy: CheckedPolicy
      /** Of all files; they are no part of the policy. */
      readonly tests: readonly PolicyTest[]
    }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] }

/**
 * Reads a tenant's rule files, which are one policy: rules in the order of the files, applications
 * and lists known in all of them. Everything that is wrong is told at once, and then nothing is
 * accepted.
 */
export function readPolicy(sources: readonly PolicySourceText[], options: ReadOptions): ReadPolicy {
  const faults: Fault[] = []
  const files: RuleFile[] = []
  for (const source of sources) {
    const file = readRuleFile(source)
    if ('content' in file) files.push(file)
    faults.push(...('content' in file ? file.faults : file))
  }
  if (sources.length === 0) faults.push(wholePolicy('no rule file was given'))
  const merged = merge(files, options, faults)
  const applications = checkApplications(merged.applications, faults)
  const lists = checkLists(merged.lists, faults)
  const attributesRead = checkRules(merged.rules, {
    vocabulary: options.vocabulary,
    directories: options.directories,
    applications,
    lists,
    brokenApplications: new Set(files.flatMap((file) => file.brokenApplications)),
    brokenLists: new Set(files.flatMap((file) => file.brokenLists)),
    fault: (fault) => faults.push(fault),
  })
  if (faults.length > 0) return { kind: 'faults', faults }
  const policy: CheckedPolicy = {
    tenant: options.tenant,
    applications: byName(merged.applications.map(({ part }) => part)),
    lists: byName(merged.lists.map(({ part }) => part)),
    rules: merged.rules.map(({ part }) => part),
    attributesRead: [...attributesRead].sort(),
  }
  return { kind: 'policy', policy, tests: files.flatMap(testsOf) }
}

interface Merged {
  readonly applications: readonly Declared<CheckedApplication>[]
  readonly lists: readonly Declared<CheckedList>[]
  readonly rules: readonly Declared<CheckedRule>[]
}

function merge(files: readonly RuleFile[], options: ReadOptions, faults: Fault[]): Merged {
  for (const { document, content } of files) {
    if (content.tenant === undefined || content.tenant === options.tenant) continue
    const hint = didYouMean(content.tenant, [options.tenant])
    const message = `\`tenant: ${content.tenant}\` is not \`${options.tenant}\`${hint}`
    faults.push(document.faultAt(['tenant'], message))
  }
  const applications = files.flatMap((file) => named(file, 'applications'))
  const lists = files.flatMap((file) => named(file, 'lists'))
  const rules = files.flatMap((file) =>
    file.content.rules.map((part, at): Declared<CheckedRule> => {
      const path = ['rules', file.ruleAt[at]!]
      const { line } = file.document.placeOf(path)
      return { part: { ...part, file: file.document.file, line }, file, path }
    }),
  )
  refuseTwice(applications, 'application', (part) => part.name, faults)
  refuseTwice(lists, 'list', (part) => part.name, faults)
  refuseTwice(rules, 'rule', (part) => part.id, faults)
  const limits = [
    ['rules', rules.length, rulesMax],
    ['applications', applications.length, applicationsMax],
    ['lists', lists.length, listsMax],
  ] as const
  for (const [what, found, most] of limits) {
    if (found > most) faults.push(wholePolicy(`${found} ${what}, at most ${most} are allowed`))
  }
  return { applications, lists, rules }
}

function named<Part extends 'applications' | 'lists'>(
  file: RuleFile,
  part: Part,
): readonly Declared<RuleFile['content'][Part][string] & { readonly name: string }>[] {
  return Object.entries(file.content[part]).map(([name, value]) => ({
    part: { ...value, name },
    file,
    path: [part, name],
  }))
}

function refuseTwice<Part>(
  all: readonly Declared<Part>[],
  what: string,
  nameOf: (part: Part) => string,
  faults: Fault[],
): void {
  const first = new Map<string, Declared<Part>>()
  for (const declared of all) {
    const name = nameOf(declared.part)
    const before = first.get(name)
    if (before === undefined) {
      first.set(name, declared)
      continue
    }
    const { document } = before.file
    const where = `${document.file}:${document.placeOf(before.path).line}`
    const place = declared.file.document.placeOfKey(declared.path)
    const message = `${what} \`${name}\` stands twice, first at ${where}`
    faults.push({ file: declared.file.document.file, ...place, message })
  }
}

function byName<Part extends { readonly name: string }>(parts: readonly Part[]): readonly Part[] {
  return parts.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function wholePolicy(message: string): Fault {
  return { file: 'policy', line: 0, column: 0, message }
}
