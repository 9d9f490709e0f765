import type { Operators } from './condition-schema.ts'
import type { GroupPart, RulePart, UserPart } from './schema.ts'
import type { Form } from './value-type.ts'

/**
 * The condition by which a subject is led to a rule: one without which the rule cannot match, and
 * the narrowest at hand. `path` is that of the condition, if the key is all there is to it.
 */
export type SubjectKey =
  | { readonly kind: 'users'; readonly users: readonly UserPart[]; readonly path: Path }
  | { readonly kind: 'groups'; readonly groups: readonly GroupPart[]; readonly path: Path }
  | { readonly kind: 'directories'; readonly directories: readonly string[]; readonly path: Path }
  | ValuesKey
  | { readonly kind: 'none'; readonly path: undefined }
type Path = string | undefined

/** An attribute that must have one of some values. */
export interface ValuesKey {
  readonly kind: 'values'
  readonly attribute: string
  readonly values: readonly Form[]
  readonly path: undefined
}

export function subjectKey({ who = {}, when = {} }: RulePart): SubjectKey {
  const { users, groups = {}, directories } = who
  if (users !== undefined) {
    return { kind: 'users', users, path: areOfOneKind(users) ? 'who.users' : undefined }
  }
  const { any, all } = groups
  if (any !== undefined && (any.length === 1 || all === undefined)) {
    return { kind: 'groups', groups: any, path: areOfOneKind(any) ? 'who.groups.any' : undefined }
  }
  if (all !== undefined) {
    const path = all.length === 1 ? 'who.groups.all' : undefined
    return { kind: 'groups', groups: all.slice(0, 1), path }
  }
  for (const [attribute, operators] of Object.entries(when)) {
    const values = wantedValues(attribute, operators as Operators)
    if (values !== undefined) return { kind: 'values', attribute, values, path: undefined }
  }
  if (directories === undefined) return { kind: 'none', path: undefined }
  return { kind: 'directories', directories, path: 'who.directories' }
}

/** Whether anything at the top of the rule is about the subject. */
export function hasSubject({ who, when = {} }: RulePart): boolean {
  return who !== undefined || Object.keys(when).some(isOfUser)
}

function isOfUser(key: string): boolean {
  return key.startsWith('user.') || key.startsWith('urn:')
}

/** Names and ids lead to a rule on two ways: neither alone is the whole condition. */
function areOfOneKind(parts: readonly (string | object)[]): boolean {
  const kinds = new Set(parts.map((part) => (typeof part === 'string' ? '' : Object.keys(part)[0])))
  return kinds.size === 1
}

/** Values of which the attribute must have one, as far as the operators say so. */
function wantedValues(key: string, operators: Operators): readonly Form[] | undefined {
  if (!isOfUser(key) || modifiers.some((modifier) => Object.hasOwn(operators, modifier))) {
    return undefined
  }
  const { eq, in: among } = operators
  if (among !== undefined) return among
  return eq === undefined || typeof eq === 'object' ? undefined : [eq]
}
/** They change what equality means, or when a value counts. */
const modifiers = ['ci', 'maxAge']
