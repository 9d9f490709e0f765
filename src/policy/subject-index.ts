import { fold } from '../directory/identity.ts'
import type { Attribute, FoundAttribute } from './attribute.ts'
import type { Facts, SubjectFacts } from './policy.ts'
import type { GroupPart, RulePart, UserPart } from './schema.ts'
import { subjectKey, type ValuesKey } from './subject-key.ts'
import type { Form } from './value-type.ts'

/**
 * Which rules can concern a subject: those it reaches by a group it is in, by its own name, by its
 * directory or by the value of an attribute, and those that no such key leads to. Whoever is not
 * reached is not a match, known for certain: where a value cannot be known, every rule that asks
 * for it is reached.
 */
export class SubjectIndex {
  readonly #attributeAt: (text: string) => FoundAttribute
  readonly #groupName = new Dimension(({ groups }) => groups.held?.names)
  readonly #groupId = new Dimension(({ groups }) => groups.held?.ids)
  readonly #directory = new Dimension(({ directory }) => [directory])
  readonly #userName = new Dimension(({ user }) => textsOf(user?.userName, fold))
  readonly #id = new Dimension(({ user }) => textsOf(user?.id))
  readonly #externalId = new Dimension(({ user }) => textsOf(user?.externalId))
  readonly #attributes = new Map<string, Dimension>()
  readonly #rest: number[] = []

  constructor(attributeAt: (text: string) => FoundAttribute) {
    this.#attributeAt = attributeAt
  }

  /** The rule must have a condition on the subject, or it need not be asked for by one. */
  add(rule: RulePart, ordinal: number): void {
    const key = subjectKey(rule)
    if (key.kind === 'users') this.#addUsers(key.users, ordinal)
    else if (key.kind === 'groups') this.#addGroups(key.groups, ordinal)
    else if (key.kind === 'directories') this.#directory.add(key.directories, ordinal)
    else if (key.kind === 'none' || !this.#addValues(key, ordinal)) this.#rest.push(ordinal)
  }

  /** Some of them twice, and in no order. */
  reached(subject: SubjectFacts): Reached {
    const reached: Reached = { certain: [], possible: [] }
    append(reached.possible, this.#rest)
    this.#groupName.collect(subject, reached)
    this.#groupId.collect(subject, reached)
    for (const name of subject.groups.held?.doubtfulNames ?? []) {
      append(reached.possible, this.#groupName.rulesOf(name))
    }
    this.#directory.collect(subject, reached)
    this.#userName.collect(subject, reached)
    this.#id.collect(subject, reached)
    this.#externalId.collect(subject, reached)
    for (const dimension of this.#attributes.values()) dimension.collect(subject, reached)
    return reached
  }

  #addUsers(users: readonly UserPart[], ordinal: number): void {
    const names = users.filter((user) => typeof user === 'string')
    const ids = users.flatMap((user) => (typeof user === 'object' && 'id' in user ? user.id : []))
    const externalIds = users.flatMap((user) =>
      typeof user === 'object' && 'externalId' in user ? user.externalId : [],
    )
    if (names.length > 0) this.#userName.add(names.map(fold), ordinal)
    if (ids.length > 0) this.#id.add(ids, ordinal)
    if (externalIds.length > 0) this.#externalId.add(externalIds, ordinal)
  }

  #addGroups(groups: readonly GroupPart[], ordinal: number): void {
    const names = groups.filter((group) => typeof group === 'string')
    const ids = groups.flatMap((group) => (typeof group === 'string' ? [] : group.id))
    if (names.length > 0) this.#groupName.add(names.map(fold), ordinal)
    if (ids.length > 0) this.#groupId.add(ids, ordinal)
  }

  /** False: this attribute leads nowhere. */
  #addValues({ attribute: text, values }: ValuesKey, ordinal: number): boolean {
    const attribute = this.#attributeAt(text)
    if ('fault' in attribute || attribute.multiValued) return false
    const forms = values.map((value) => attribute.type.form(value))
    if (!forms.every((form) => form !== undefined)) return false
    let dimension = this.#attributes.get(text)
    if (dimension === undefined) {
      dimension = new Dimension((subject) => formsOf(attribute, subject))
      this.#attributes.set(text, dimension)
    }
    dimension.add(forms, ordinal)
    return true
  }
}

/** Rules that a subject reaches: by a key that holds for certain, or by one that may hold. */
export interface Reached {
  readonly certain: number[]
  readonly possible: number[]
}

/** One way from a subject to rules. */
class Dimension {
  readonly #valuesOf: (subject: SubjectFacts) => readonly Form[] | undefined
  readonly #rules = new Map<Form, number[]>()
  readonly #all: number[] = []

  /** `valuesOf` is undefined where what the subject has cannot be known. */
  constructor(valuesOf: (subject: SubjectFacts) => readonly Form[] | undefined) {
    this.#valuesOf = valuesOf
  }

  add(values: readonly Form[], ordinal: number): void {
    this.#all.push(ordinal)
    for (const value of new Set(values)) {
      const rules = this.#rules.get(value)
      if (rules === undefined) this.#rules.set(value, [ordinal])
      else rules.push(ordinal)
    }
  }

  rulesOf(value: Form): readonly number[] {
    return this.#rules.get(value) ?? none
  }

  collect(subject: SubjectFacts, reached: Reached): void {
    if (this.#all.length === 0) return
    const values = this.#valuesOf(subject)
    if (values === undefined) {
      append(reached.possible, this.#all)
      return
    }
    for (let at = 0; at < values.length; at++) append(reached.certain, this.rulesOf(values[at]!))
  }
}

const none: readonly number[] = []

function append(to: number[], from: readonly number[]): void {
  for (let at = 0; at < from.length; at++) to.push(from[at]!)
}

function textsOf(
  value: unknown,
  form: (text: string) => string = String,
): readonly string[] | undefined {
  return typeof value === 'string' ? [form(value)] : undefined
}

function formsOf(attribute: Attribute, subject: SubjectFacts): readonly Form[] | undefined {
  // A user's attribute reads nothing but the user.
  const values = attribute.values(subject as Facts)
  if (values === undefined || values.length === 0) return undefined
  const forms = values.map((value) => attribute.type.form(value))
  return forms.every((form) => form !== undefined) ? forms : undefined
}
