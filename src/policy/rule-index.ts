import type { Application, Rule } from './policy.ts'
import type { RulePart } from './schema.ts'

/**
 * Application → the rules that can concern it, in order. Rules that name their applications are
 * found by name; only those with `any` or labels are asked one by one, when an application is first
 * asked for.
 */
export class RuleIndex {
  readonly #rules: readonly Rule[]
  /** Ordinals, ascending. */
  readonly #byName = new Map<string, number[]>()
  readonly #general: { readonly at: number; readonly apps: Apps }[] = []
  readonly #found = new Map<Application, readonly Rule[]>()

  constructor(parts: readonly Pick<RulePart, 'apps'>[], rules: readonly Rule[]) {
    this.#rules = rules
    for (const [at, { apps }] of parts.entries()) {
      if (apps === 'any' || apps.labels !== undefined) this.#general.push({ at, apps })
      else this.#addNamed(at, apps)
    }
  }

  rulesFor(application: Application): readonly Rule[] {
    const known = this.#found.get(application)
    if (known !== undefined) return known
    const general = this.#general.filter(({ apps }) => concerns(apps, application))
    const named = this.#byName.get(application.name) ?? []
    const ordinals = [...named, ...general.map(({ at }) => at)].sort((a, b) => a - b)
    const rules = Object.freeze(ordinals.map((at) => this.#rules[at]!))
    this.#found.set(application, rules)
    return rules
  }

  #addNamed(at: number, { names = [], except = [] }: Exclude<Apps, 'any'>): void {
    for (const name of new Set(names)) {
      if (except.includes(name)) continue
      const ordinals = this.#byName.get(name)
      if (ordinals === undefined) this.#byName.set(name, [at])
      else ordinals.push(at)
    }
  }
}

type Apps = RulePart['apps']

/** Named applications plus those that carry all labels, minus `except`. */
export function concerns(apps: Apps, { name, labels }: Application): boolean {
  if (apps === 'any') return true
  if (apps.except?.includes(name)) return false
  if (apps.names?.includes(name)) return true
  if (apps.labels === undefined) return false
  const wanted = Object.entries(apps.labels)
  return wanted.length > 0 && wanted.every(([label, value]) => labels.get(label) === value)
}
