import { F, not, or, T, type Tri, U } from '../directory/three-values.ts'
import type { Attribute } from './attribute.ts'
import { seenLengthMax } from './limits.ts'
import type { Test } from './operators.ts'
import type { Condition, Facts, Seen } from './policy.ts'

/** A part of a condition: something to compare, or others joined. */
export interface ConditionNode {
  /** The attribute; empty where parts are joined. */
  readonly label: string
  readonly wanted: string
  readonly readsDirectory: boolean
  /** Steps it takes, roughly: cheap conditions are asked first. */
  readonly cost: number
  test(facts: Facts): Tri
  /** Adds the leaves that made it unknown. */
  addUnknowns(facts: Facts, paths: Set<string>): void
  see(facts: Facts): Seen
}

/** One attribute against its operators, joined by AND. */
export class Comparison implements ConditionNode {
  readonly label: string
  readonly wanted: string
  readonly readsDirectory: boolean
  readonly cost: number
  readonly #attribute: Attribute
  readonly #first: Test
  readonly #others: readonly Test[]

  constructor(path: string, attribute: Attribute, tests: readonly Test[], wanted: string) {
    this.label = path
    this.#attribute = attribute
    this.#first = tests[0] ?? (() => U)
    this.#others = tests.slice(1)
    this.wanted = wanted
    this.readsDirectory = attribute.readsDirectory
    this.cost = (attribute.readsDirectory ? 3 : 1) * (attribute.multiValued ? 2 : 1)
  }

  test(facts: Facts): Tri {
    let result = this.#first(facts)
    for (let at = 0; at < this.#others.length && result !== F; at++) {
      const next = this.#others[at]!(facts)
      if (next < result) result = next
    }
    return result
  }

  addUnknowns(facts: Facts, paths: Set<string>): void {
    if (guarded(this, facts) === U) paths.add(this.label)
  }

  see(facts: Facts): Seen {
    const values = this.#attribute.values(facts)
    if (values === undefined) return { value: '', note: directoryUnused }
    if (values.length === 0) {
      return { value: '', note: this.readsDirectory ? 'the user has none' : 'not sent' }
    }
    const { type, multiValued } = this.#attribute
    const wrong = values.some((value) => type.form(value) === undefined)
    return {
      value: shortened(JSON.stringify(multiValued ? values : values[0])),
      note: wrong ? `not ${type.name}` : '',
    }
  }
}

/** `all` and `any`. */
export class Joined implements ConditionNode {
  readonly label = ''
  readonly wanted: string
  readonly readsDirectory: boolean
  readonly cost: number
  readonly #by: 'all' | 'any'
  readonly #parts: readonly ConditionNode[]

  constructor(by: 'all' | 'any', parts: readonly ConditionNode[]) {
    this.#by = by
    this.#parts = parts.toSorted((a, b) => a.cost - b.cost)
    this.wanted = parts.map(described).join(by === 'all' ? ' and ' : ' or ')
    this.readsDirectory = parts.some((part) => part.readsDirectory)
    this.cost = parts.reduce((sum, part) => sum + part.cost, 0)
  }

  test(facts: Facts): Tri {
    const parts = this.#parts
    const last = this.#by === 'all' ? F : T
    let result: Tri = not(last)
    for (let at = 0; at < parts.length && result !== last; at++) {
      const next = guarded(parts[at]!, facts)
      result = last === T ? or(result, next) : next < result ? next : result
    }
    return result
  }

  addUnknowns(facts: Facts, paths: Set<string>): void {
    if (this.test(facts) !== U) return
    for (const part of this.#parts) part.addUnknowns(facts, paths)
  }

  see(facts: Facts): Seen {
    const seen = this.#parts.map((part) => part.see(facts))
    const notes = new Set(seen.map(({ note }) => note).filter((note) => note !== ''))
    const values = seen.map(({ value }, at) => `${this.#parts[at]!.label} ${value || '–'}`.trim())
    return { value: shortened(values.join(', ')), note: [...notes].join('; ') }
  }
}

export class Negated implements ConditionNode {
  readonly label = ''
  readonly wanted: string
  readonly readsDirectory: boolean
  readonly cost: number
  readonly #part: ConditionNode

  constructor(part: ConditionNode) {
    this.#part = part
    this.wanted = part.label === '' ? `not (${part.wanted})` : `not (${described(part)})`
    this.readsDirectory = part.readsDirectory
    this.cost = part.cost
  }

  test(facts: Facts): Tri {
    return not(guarded(this.#part, facts))
  }

  addUnknowns(facts: Facts, paths: Set<string>): void {
    this.#part.addUnknowns(facts, paths)
  }

  see(facts: Facts): Seen {
    return this.#part.see(facts)
  }
}

/** A part of a rule as others see it. */
export class RuleCondition implements Condition {
  readonly path: string
  readonly wanted: string
  readonly readsDirectory: boolean
  readonly cost: number
  readonly #node: ConditionNode

  constructor(path: string, node: ConditionNode) {
    this.path = path
    this.wanted = shortened(node.wanted)
    this.readsDirectory = node.readsDirectory
    this.cost = node.cost
    this.#node = node
  }

  test(facts: Facts): Tri {
    return guarded(this.#node, facts)
  }

  unknowns(facts: Facts): readonly string[] {
    const paths = new Set<string>()
    this.#node.addUnknowns(facts, paths)
    return [...paths]
  }

  see(facts: Facts): Seen {
    try {
      return this.#node.see(facts)
    } catch {
      // An explanation is of use without this one value.
      return { value: '', note: 'the condition failed on this value' }
    }
  }
}

/**
 * What fails is unknown, where it fails: so `not` keeps it unknown, and neither a rule is skipped
 * nor an answer lost.
 */
function guarded(node: ConditionNode, facts: Facts): Tri {
  try {
    return node.test(facts)
  } catch {
    return U
  }
}

function described({ label, wanted }: ConditionNode): string {
  return label === '' ? `(${wanted})` : `${label} ${wanted}`
}

export const directoryUnused = 'the directory may not be used for policy'

export function shortened(text: string): string {
  return text.length <= seenLengthMax ? text : `${text.slice(0, seenLengthMax - 1)}…`
}
