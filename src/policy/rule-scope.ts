import type { SchemaRegistry } from '../directory/schema-registry.ts'
import type { FoundAttribute } from './attribute.ts'
import { attributeAt } from './attribute-at.ts'
import type { RuleCondition } from './condition-node.ts'
import { type ConditionScope, compileUnless, compileWhen } from './conditions.ts'
import type { OperandScope } from './operators.ts'
import type { RulePart } from './schema.ts'
import { compileWho, type WhoScope } from './who.ts'

/** What the conditions of all rules of one policy share: attributes and lists are found once. */
export class RuleScope {
  readonly #registry: SchemaRegistry
  readonly #lists: OperandScope['lists']
  readonly #attributes = new Map<string, FoundAttribute>()

  constructor(registry: SchemaRegistry, lists: OperandScope['lists']) {
    this.#registry = registry
    this.#lists = lists
  }

  /** All conditions of a rule. `fault` is told what is wrong, with the path below the rule. */
  conditionsOf(
    { who, when, unless }: RulePart,
    fault: ConditionScope['fault'],
    readsKey: (key: string) => void,
  ): readonly RuleCondition[] {
    const scope: WhoScope & ConditionScope = {
      registry: this.#registry,
      lists: this.#lists,
      attributeAt: (text) => this.#attributeAt(text),
      fault,
      readsKey,
      reads: ({ documentKey }) => {
        if (documentKey !== undefined) readsKey(documentKey)
      },
    }
    return [
      ...(who === undefined ? [] : compileWho(who, scope)),
      ...(when === undefined ? [] : compileWhen(when, scope)),
      ...(unless === undefined ? [] : compileUnless(unless, scope)),
    ]
  }

  #attributeAt(text: string): FoundAttribute {
    let found = this.#attributes.get(text)
    if (found === undefined) {
      found = attributeAt(text, this.#registry)
      this.#attributes.set(text, found)
    }
    return found
  }
}
