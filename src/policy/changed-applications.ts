import type { CheckedApplication, CheckedPolicy, CheckedRule } from './checked-policy.ts'
import { concerns } from './rule-index.ts'

/**
 * Applications that may be answered otherwise: those of one version alone, and those with other
 * rules, other lists or other labels. Where all of that is the same, so is every answer.
 */
export function changedApplications(
  before: CheckedPolicy,
  after: CheckedPolicy,
): readonly string[] {
  const names = new Set([...before.applications, ...after.applications].map(({ name }) => name))
  const sameLists = JSON.stringify(before.lists) === JSON.stringify(after.lists)
  const [old, now] = [new Meanings(before), new Meanings(after)]
  return [...names].filter((name) => !sameLists || old.of(name) !== now.of(name))
}

/** What a policy says of an application, as text. */
class Meanings {
  readonly #applications: ReadonlyMap<string, CheckedApplication>
  readonly #rules: readonly { readonly rule: CheckedRule; readonly text: string }[]

  constructor({ applications, rules }: CheckedPolicy) {
    this.#applications = new Map(applications.map((each) => [each.name, each]))
    this.#rules = rules
      .filter(({ enabled, mode }) => enabled && mode === 'enforce')
      .map((rule) => ({ rule, text: meaningOf(rule) }))
  }

  of(name: string): string | undefined {
    const application = this.#applications.get(name)
    if (application === undefined) return undefined
    const { type, labels = {}, actions } = application
    const asked = {
      name,
      type,
      labels: new Map(Object.entries(labels)),
      actions: new Map(actions.map((action) => [action, new Map()])),
    }
    const own = this.#rules.filter(({ rule }) => concerns(rule.apps, asked))
    return JSON.stringify([type, labels, actions, ...own.map(({ text }) => text)])
  }
}

/** Which applications it is about is no part of it: that is asked apart. */
function meaningOf(rule: CheckedRule): string {
  const { apps: _apps, description: _description, file: _file, line: _line, ...rest } = rule
  const { message: _message, reason: _reason, obligations: _obligations, ...meaning } = rest
  return JSON.stringify(meaning)
}
