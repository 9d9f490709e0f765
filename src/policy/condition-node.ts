import { F, not, or, T, type Tri, U } from '../directory/three-values.ts'
import type { Attribute } from './attribute.ts'
import { seenLengthMax } from './limits.ts'
import type { Test } from './operators.ts'
import type { Condition, Facts, Seen } from './policy.ts'

/**
 * A part of a rule: something to compare, or others joined. Equal parts of different rules are one
 * object, so that a large policy stays small in memory and in the processor's caches.
 */
export abstract class ConditionNode implements Condition {
  readonly path: string
  readonly wanted: string
  readonly readsDirectory: boolean
  readonly readsSent: boolean
  readonly readsClock: boolean
  /** Steps it takes, roughly: cheap conditions are asked first. */
  readonly cost: number
  /** The attribute, or the part of `who`; empty where parts are joined. */
  readonly label: string

  constructor(part: NodePart) {
    this.path = part.path
    this.label = part.label
    this.wanted = shortened(part.wanted)
    this.readsDirectory = part.readsDirectory
    this.readsSent = part.readsSent
    this.readsClock = part.readsClock
    this.cost = part.cost
  }

  /**
   * What fails is unknown, where it fails: so `not` keeps it unknown, and neither a rule is skipped
   * nor an answer lost.
   */
  test(facts: Facts): Tri {
    try {
      return this.ask(facts)
    } catch {
      return U
    }
  }

  unknowns(facts: Facts): readonly string[] {
    const paths = new Set<string>()
    this.addUnknowns(facts, paths)
    return [...paths]
  }

  /** Only what reads the clock has an end. */
  untilMs(_facts: Facts): number {
    return Number.POSITIVE_INFINITY
  }

  see(facts: Facts): Seen {
    try {
      return this.look(facts)
    } catch {
      // An explanation is of use without this one value.
      return { value: '', note: 'the condition failed on this value' }
    }
  }

  /** Adds the leaves that made it unknown. */
  addUnknowns(facts: Facts, paths: Set<string>): void {
    if (this.test(facts) === U) paths.add(this.label)
  }

  protected abstract ask(facts: Facts): Tri
  protected abstract look(facts: Facts): Seen
}

export type NodePart = Pick<ConditionNode, 'path' | 'label' | 'wanted' | 'cost' | keyof Reads>

/** What a result depends on. */
export type Reads = Pick<Condition, 'readsDirectory' | 'readsSent' | 'readsClock'>
/** The user and the directory alone. */
export const readsSubject: Reads = { readsDirectory: true, readsSent: false, readsClock: false }

function readsOf(parts: readonly Reads[]): Reads {
  return {
    readsDirectory: parts.some((part) => part.readsDirectory),
    readsSent: parts.some((part) => part.readsSent),
    readsClock: parts.some((part) => part.readsClock),
  }
}

/** One attribute against its operators, joined by AND. */
export class Comparison extends ConditionNode {
  readonly #attribute: Attribute
  readonly #first: Test
  readonly #others: readonly Test[]

  constructor(
    name: Pick<NodePart, 'path' | 'label' | 'wanted'>,
    attribute: Attribute,
    tests: readonly Test[],
    /** Attributes that it is compared with. */
    others: readonly Attribute[],
  ) {
    const { readsDirectory, multiValued } = attribute
    super({
      ...name,
      readsDirectory: readsDirectory || others.some((other) => other.readsDirectory),
      readsSent: !readsDirectory || others.some((other) => !other.readsDirectory),
      readsClock: tests.some((test) => test.untilMs !== undefined),
      cost: (readsDirectory ? 3 : 1) * (multiValued ? 2 : 1),
    })
    this.#attribute = attribute
    this.#first = tests[0] ?? (() => U)
    this.#others = tests.length > 1 ? tests.slice(1) : noTests
  }

  override untilMs(facts: Facts): number {
    const tests = [this.#first, ...this.#others]
    return Math.min(...tests.map((test) => test.untilMs?.(facts) ?? Number.POSITIVE_INFINITY))
  }

  protected override ask(facts: Facts): Tri {
    let result = this.#first(facts)
    for (let at = 0; at < this.#others.length && result !== F; at++) {
      const next = this.#others[at]!(facts)
      if (next < result) result = next
    }
    return result
  }

  protected override look(facts: Facts): Seen {
    const values = this.#attribute.values(facts)
    if (values === undefined) return { value: '', note: directoryUnused }
    if (values.length === 0) {
      return { value: '', note: this.readsDirectory ? 'the user has none' : 'not sent' }
    }
    const { type, multiValued, isSecret } = this.#attribute
    if (isSecret) return { value: '', note: 'a value that is never shown' }
    const wrong = values.some((value) => type.form(value) === undefined)
    return {
      value: shortened(JSON.stringify(multiValued ? values : values[0])),
      note: wrong ? `not ${type.name}` : '',
    }
  }
}

const noTests: readonly Test[] = []

/** `all` and `any`. */
export class Joined extends ConditionNode {
  readonly #by: 'all' | 'any'
  readonly #parts: readonly ConditionNode[]

  constructor(path: string, by: 'all' | 'any', parts: readonly ConditionNode[]) {
    super({
      path,
      label: '',
      wanted: parts.map(described).join(by === 'all' ? ' and ' : ' or '),
      ...readsOf(parts),
      cost: parts.reduce((sum, part) => sum + part.cost, 0),
    })
    this.#by = by
    this.#parts = parts.toSorted((a, b) => a.cost - b.cost)
  }

  override addUnknowns(facts: Facts, paths: Set<string>): void {
    if (this.test(facts) !== U) return
    for (const part of this.#parts) part.addUnknowns(facts, paths)
  }

  override untilMs(facts: Facts): number {
    return Math.min(...this.#parts.map((part) => part.untilMs(facts)))
  }

  protected override ask(facts: Facts): Tri {
    const parts = this.#parts
    const last = this.#by === 'all' ? F : T
    let result: Tri = not(last)
    for (let at = 0; at < parts.length && result !== last; at++) {
      const next = parts[at]!.test(facts)
      result = last === T ? or(result, next) : next < result ? next : result
    }
    return result
  }

  protected override look(facts: Facts): Seen {
    const seen = this.#parts.map((part) => part.see(facts))
    const notes = new Set(seen.map(({ note }) => note).filter((note) => note !== ''))
    const values = seen.map(({ value }, at) => `${this.#parts[at]!.label} ${value || '–'}`.trim())
    return { value: shortened(values.join(', ')), note: [...notes].join('; ') }
  }
}

export class Negated extends ConditionNode {
  readonly #part: ConditionNode

  constructor(path: string, part: ConditionNode) {
    const { cost } = part
    const wanted = part.label === '' ? `not (${part.wanted})` : `not (${described(part)})`
    super({ path, label: '', wanted, ...readsOf([part]), cost })
    this.#part = part
  }

  override untilMs(facts: Facts): number {
    return this.#part.untilMs(facts)
  }

  override addUnknowns(facts: Facts, paths: Set<string>): void {
    this.#part.addUnknowns(facts, paths)
  }

  protected override ask(facts: Facts): Tri {
    return not(this.#part.test(facts))
  }

  protected override look(facts: Facts): Seen {
    return this.#part.see(facts)
  }
}

function described({ label, wanted }: ConditionNode): string {
  return label === '' ? `(${wanted})` : `${label} ${wanted}`
}

export const directoryUnused = 'the directory may not be used for policy'

export function shortened(text: string): string {
  return text.length <= seenLengthMax ? text : `${text.slice(0, seenLengthMax - 1)}…`
}
