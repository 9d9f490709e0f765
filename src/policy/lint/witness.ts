import type { DirectoryId } from '../../directory/directory.ts'
import { F, T, type Tri } from '../../directory/three-values.ts'
import { CompiledRule } from '../compiled-rule.ts'
import type { Operators } from '../condition-schema.ts'
import type { Facts, Value } from '../policy.ts'
import { RuleScope } from '../rule-scope.ts'
import { ValueList } from '../value-list.ts'
import type { LintedRule, LintedRules } from './linted-rules.ts'
import { keyName, type Part } from './rule-parts.ts'

/**
 * An attempt that an allow rule lets through and a block rule behind it would have blocked, in
 * words; undefined: none was found. Both rules are really asked, so what is told is true.
 */
export function allowBeforeBlock(
  allow: LintedRule,
  block: LintedRule,
  application: string,
  rules: LintedRules,
): string | undefined {
  const attempt = new Attempt(rules)
  for (const part of [...allow.parts, ...block.parts]) if (!attempt.fulfil(part)) return undefined
  const facts = attempt.facts()
  const scope = new RuleScope(
    rules.vocabulary,
    new Map(rules.policy.lists.map((list) => [list.name, new ValueList(list)])),
  )
  const result = ({ rule }: LintedRule) =>
    Math.min(T, ...new CompiledRule(rule, 0, scope).conditions.map((each) => each.test(facts)))
  if (result(allow) !== T || result(block) === F) return undefined
  return attempt.text(application)
}

/** Made so that as many conditions as are simple enough hold; others are left to chance. */
class Attempt {
  readonly #rules: LintedRules
  readonly #groups = new Set<string>()
  readonly #values = new Map<string, Value>()
  #directory: string | undefined
  #user: string | undefined

  constructor(rules: LintedRules) {
    this.#rules = rules
  }

  /** False: it contradicts what came before. */
  fulfil(part: Part): boolean {
    switch (part.kind) {
      case 'directories':
        if (this.#directory !== undefined) return part.values.includes(this.#directory)
        this.#directory = part.values[0]
        return true
      case 'users': {
        const name = part.values.find((value) => value.startsWith('name '))
        if (this.#user !== undefined) return part.values.includes(this.#user)
        this.#user = name
        return name !== undefined
      }
      case 'groups':
        if (part.by === 'none') return !part.values.some((value) => this.#groups.has(value))
        for (const value of part.by === 'all' ? part.values : part.values.slice(0, 1)) {
          this.#groups.add(value)
        }
        return true
      case 'attribute':
        return this.#fulfilAttribute(part.key, part.operators)
      default:
        // What is not sent is unknown, and lets a block rule match.
        return true
    }
  }

  #fulfilAttribute(key: string, operators: Operators): boolean {
    const known = this.#values.get(key)
    const wanted = wantedValue(operators)
    if (wanted === undefined) return true
    if (known !== undefined) return JSON.stringify(known) === JSON.stringify(wanted)
    this.#values.set(key, wanted)
    return true
  }

  facts(): Facts {
    const names = [...this.#groups].filter((key) => key.startsWith('name ')).map(keyName)
    const ids = [...this.#groups].filter((key) => key.startsWith('id ')).map(keyName)
    const has =
      (held: readonly string[]) =>
      (name: string): Tri =>
        held.includes(name) ? T : F
    const sent = (prefix: string) =>
      new Map(
        [...this.#values].flatMap(([key, value]): readonly (readonly [string, Value])[] =>
          key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
        ),
      )
    return {
      directory: (this.#directory ?? '') as DirectoryId,
      user: this.#attributes(),
      groups: {
        hasName: has(names),
        hasId: has(ids),
        held: { names, doubtfulNames: [], ids },
      },
      claims: sent('claims.'),
      context: sent('context.'),
      action: sent('action.'),
      resource: sent('resource.'),
      nowMs: 0,
      ageMs: 0,
    }
  }

  /** Top-level attributes of the core, which most rules ask for. */
  #attributes(): NonNullable<Facts['user']> {
    const user = Object.create(null)
    user.id = 'witness'
    if (this.#user !== undefined) user.userName = keyName(this.#user)
    for (const [key, value] of this.#values) {
      const attribute = key.startsWith('user.') ? this.#rules.attributeAt(key) : undefined
      if (attribute === undefined) continue
      const path = key.slice('user.'.length)
      if (!path.includes('.') && !path.includes('[')) user[path] = value
      const alias = path.startsWith('enterprise.') ? path.slice('enterprise.'.length) : undefined
      if (alias !== undefined && attribute.documentKey !== undefined) {
        user[attribute.documentKey] = Object.assign(user[attribute.documentKey] ?? {}, {
          [alias]: value,
        })
      }
    }
    return user
  }

  text(application: string): string {
    const groups = [...this.#groups].map((key) => `\`${keyName(key)}\``)
    const user = [
      ...(this.#user === undefined ? [] : [`user \`${keyName(this.#user)}\``]),
      ...(groups.length === 0 ? [] : [`in ${groups.join(', ')}`]),
      ...(this.#directory === undefined ? [] : [`of \`${this.#directory}\``]),
    ]
    const values = [...this.#values].map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    const who = user.length === 0 ? 'anybody' : user.join(' ')
    return [who, `app \`${application}\``, ...values].join(', ')
  }
}

/** A value for which the operators hold; undefined: none is at hand. */
function wantedValue({ eq, in: among, any, all }: Operators): Value | undefined {
  if (eq !== undefined && typeof eq !== 'object') return eq
  if (among !== undefined) return among[0]
  const list = all ?? any?.slice(0, 1)
  return list?.every((each) => typeof each === 'string') ? (list as readonly string[]) : undefined
}
