import { F, type Tri, U } from '../directory/three-values.ts'
import { type Attribute, someOf } from './attribute.ts'
import type { Facts, Value } from './policy.ts'
import { triOf, type ValueTest, type ValueType } from './value-type.ts'

/** What the caller says of the subject, of its surroundings, of the action, of the resource. */
export type Channel = 'claims' | 'context' | 'action' | 'resource'

/** What the caller sent with the attempt, under a flat and dotted key. */
export class SentValue implements Attribute {
  readonly type: ValueType
  readonly multiValued: boolean
  readonly readsDirectory = false
  readonly isSecret = false
  readonly documentKey = undefined
  readonly #channel: Channel
  readonly #key: string
  readonly #takesOne: boolean

  /** `maybe`: a claim, which may be one value or a list. */
  constructor(channel: Channel, key: string, type: ValueType, multiValued: boolean | 'maybe') {
    this.type = type
    this.multiValued = multiValued !== false
    this.#takesOne = multiValued !== true
    this.#channel = channel
    this.#key = key
  }

  some(facts: Facts, test: ValueTest): Tri {
    const value = facts[this.#channel].get(this.#key)
    if (value === undefined || !this.#fits(value)) return U
    return isList(value) ? someOf(value, test) : test(value)
  }

  exists(facts: Facts): Tri {
    const value = facts[this.#channel].get(this.#key)
    if (value === undefined || value === '') return F
    if (!this.#fits(value)) return U
    if (isList(value)) return triOf(value.length > 0)
    return this.type.form(value) === undefined ? U : triOf(true)
  }

  count(facts: Facts): number | undefined {
    const value = facts[this.#channel].get(this.#key)
    if (value === undefined || !this.#fits(value)) return undefined
    return (isList(value) ? value.length : 1) || undefined
  }

  values(facts: Facts): readonly unknown[] {
    const value = facts[this.#channel].get(this.#key)
    if (value === undefined) return []
    return isList(value) && this.multiValued ? value : [value]
  }

  #fits(value: Value): boolean {
    return isList(value) ? this.multiValued : this.#takesOne
  }
}

function isList(value: Value): value is readonly string[] {
  return typeof value === 'object'
}
