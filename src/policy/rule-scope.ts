import { fold } from '../directory/identity.ts'
import type { FoundAttribute } from './attribute.ts'
import { attributeAt, type Vocabulary } from './attribute-at.ts'
import type { ConditionNode } from './condition-node.ts'
import type { Conditions } from './condition-schema.ts'
import { type ConditionScope, compileIf, compileUnless, compileWhen } from './conditions.ts'
import type { OperandScope } from './operators.ts'
import type { RulePart } from './schema.ts'
import { compileWho, type WhoScope } from './who.ts'

/**
 * What the rules of one policy share: attributes, lists and names are found once, and equal
 * conditions are compiled once.
 */
export class RuleScope {
  readonly #vocabulary: Vocabulary
  readonly #lists: OperandScope['lists']
  readonly #attributes = new Map<string, FoundAttribute>()
  readonly #names = new Map<string, string>()
  readonly #equal = new Map<string, readonly ConditionNode[]>()

  constructor(vocabulary: Vocabulary, lists: OperandScope['lists']) {
    this.#vocabulary = vocabulary
    this.#lists = lists
  }

  /** All conditions of a rule. `fault` is told what is wrong, with the path below the rule. */
  conditionsOf(
    { who, when, unless, obligations = [] }: RulePart,
    fault: ConditionScope['fault'],
    readsKey: (key: string) => void,
  ): readonly ConditionNode[] {
    const scope = this.#scopeWith(fault, readsKey)
    for (const [at, { if: due }] of obligations.entries()) {
      if (due !== undefined) compileIf(due, ['obligations', at, 'if'], scope)
    }
    return [
      ...(who === undefined ? [] : compileWho(who, scope)),
      ...(when === undefined ? [] : compileWhen(when, scope)),
      ...(unless === undefined ? [] : compileUnless(unless, scope)),
    ]
  }

  /**
   * The same without telling what is wrong or read: for rules that were checked. Undefined: this
   * process cannot compile them.
   */
  checkedConditionsOf({ who = {}, when = {}, unless }: RulePart): CheckedConditions {
    const faults: string[] = []
    const parts: Partial<RulePart>[] = [
      ...Object.entries(who).map(([key, part]) => ({ who: { [key]: part } })),
      ...Object.entries(when).map(([key, part]) => ({ when: { [key]: part } as typeof when })),
      ...(unless === undefined ? [] : [{ unless }]),
    ]
    const conditions = parts.flatMap((part) => {
      const key = JSON.stringify(part)
      let nodes = this.#equal.get(key)
      if (nodes === undefined) {
        const tell = (_path: unknown, message: string) => faults.push(message)
        nodes = this.conditionsOf(part as RulePart, tell, () => {})
        if (faults.length === 0) this.#equal.set(key, nodes)
      }
      return nodes
    })
    return { conditions, faults }
  }

  /** A mapping that was checked; undefined if this process cannot compile it. */
  checkedMapping(conditions: Conditions): ConditionNode | undefined {
    const scope = this.#scopeWith(
      () => {},
      () => {},
    )
    return compileIf(conditions, ['if'], scope)
  }

  #scopeWith(
    fault: ConditionScope['fault'],
    readsKey: (key: string) => void,
  ): WhoScope & ConditionScope {
    return {
      registry: this.#vocabulary.registry,
      lists: this.#lists,
      attributeAt: (text) => this.attributeAt(text),
      folded: (name) => this.#folded(name),
      fault,
      readsKey,
      reads: ({ documentKey }) => {
        if (documentKey !== undefined) readsKey(documentKey)
      },
    }
  }

  /** Found and typed once. */
  attributeAt(text: string): FoundAttribute {
    let found = this.#attributes.get(text)
    if (found === undefined) {
      found = attributeAt(text, this.#vocabulary)
      this.#attributes.set(text, found)
    }
    return found
  }

  #folded(name: string): string {
    let found = this.#names.get(name)
    if (found === undefined) {
      found = fold(name)
      this.#names.set(name, found)
    }
    return found
  }
}

export interface CheckedConditions {
  readonly conditions: readonly ConditionNode[]
  /** Why this process cannot compile them; empty = it can. */
  readonly faults: readonly string[]
}
