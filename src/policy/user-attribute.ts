import type { AttributePath } from '../directory/attribute-path.ts'
import type { AttributeValue, Complex } from '../directory/directory.ts'
import { compileValueFilter } from '../directory/filter-evaluate.ts'
import type { AttributeDefinition } from '../directory/schema-registry.ts'
import { and, F, or, T, type Tri, U } from '../directory/three-values.ts'
import { type Attribute, someOf } from './attribute.ts'
import type { Facts } from './policy.ts'
import { triOf, type ValueTest, type ValueType } from './value-type.ts'

export interface UserAttributeParts extends Pick<Attribute, 'type' | 'multiValued' | 'isSecret'> {
  readonly path: AttributePath
  /** The part that is compared; undefined: the value itself. */
  readonly sub: AttributeDefinition | undefined
  readonly documentKey: string
}

/** What the directory says about the subject. */
export class UserAttribute implements Attribute {
  readonly type: ValueType
  readonly multiValued: boolean
  readonly readsDirectory = true
  readonly documentKey: string
  readonly isSecret: boolean
  readonly #schema: string | undefined
  readonly #name: string | undefined
  readonly #subName: string | undefined
  /** Which elements are meant; undefined = all. */
  readonly #selects: Selects | undefined

  constructor({ path, sub, type, multiValued, documentKey, isSecret }: UserAttributeParts) {
    this.type = type
    this.multiValued = multiValued
    this.documentKey = documentKey
    this.isSecret = isSecret
    this.#schema = path.schema
    this.#name = path.attribute?.name
    this.#subName = sub?.name
    this.#selects = selector(path)
  }

  some(facts: Facts, test: ValueTest): Tri {
    const node = this.#node(facts.user)
    if (node === undefined) return U
    if (!isList(node)) return this.#test(node, test)
    let result: Tri = F
    let selected = false
    for (let at = 0; at < node.length; at++) {
      const element = node[at]!
      const match = this.#selects === undefined ? T : this.#selects(element)
      if (match === F) continue
      selected = true
      result = or(result, and(match, this.#test(element, test)))
      if (result === T) return T
    }
    return selected ? result : U
  }

  exists(facts: Facts): Tri {
    if (facts.user === undefined) return U
    const node = this.#node(facts.user)
    if (node === undefined) return F
    if (!isList(node)) return this.#present(node)
    let result: Tri = F
    for (const element of node) {
      const match = this.#selects === undefined ? T : this.#selects(element)
      result = or(result, and(match, this.#present(element)))
    }
    return result
  }

  count(facts: Facts): number | undefined {
    const node = this.#node(facts.user)
    if (node === undefined) return undefined
    const elements = isList(node) ? node : [node]
    const selected = elements.map((element) => this.#selects?.(element) ?? T)
    if (selected.includes(U)) return undefined
    return selected.filter((match) => match === T).length || undefined
  }

  values(facts: Facts): readonly unknown[] | undefined {
    if (facts.user === undefined) return undefined
    const node = this.#node(facts.user)
    if (node === undefined) return []
    const elements = isList(node) ? node : [node]
    return elements
      .filter((element) => this.#selects === undefined || this.#selects(element) !== F)
      .map((element) => this.#leaf(element))
      .filter((value) => value !== undefined)
  }

  #node(user: Complex | undefined): AttributeValue | undefined {
    if (user === undefined) return undefined
    const home = this.#schema === undefined ? user : own(user, this.#schema)
    if (home === undefined || this.#name === undefined) return home
    return own(home, this.#name)
  }

  #leaf(element: AttributeValue): AttributeValue | undefined {
    return this.#subName === undefined ? element : own(element, this.#subName)
  }

  #test(element: AttributeValue, test: ValueTest): Tri {
    const value = this.#leaf(element)
    if (value === undefined) return U
    return isList(value) ? someOf(value, test) : test(value)
  }

  /** RFC 7644 §3.4.2.2, `pr`: an empty string is no value. */
  #present(element: AttributeValue): Tri {
    const value = this.#leaf(element)
    if (value === undefined || value === '') return F
    if (isList(value)) return triOf(value.length > 0)
    if (typeof value === 'object') return triOf(Object.keys(value).length > 0)
    return this.type.form(value) === undefined ? U : T
  }
}

type Selects = (element: AttributeValue) => Tri

function selector({ filter, attribute }: AttributePath): Selects | undefined {
  if (filter === undefined || attribute === undefined) return undefined
  const compiled = compileValueFilter(filter, attribute, U)
  // A path whose brackets cannot be compiled is no AttributePath; unknown if it ever were.
  return compiled.kind === 'compiled' ? compiled.matches : () => U
}

function own(value: AttributeValue, name: string): AttributeValue | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Complex)[name] ?? undefined
}

function isList(value: AttributeValue): value is readonly AttributeValue[] {
  return Array.isArray(value)
}
