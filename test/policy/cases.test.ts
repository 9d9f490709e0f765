import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { evaluate } from '../../src/decision/evaluate.ts'
import type { Destination } from '../../src/policy/policy.ts'
import { compiled, factsOf, type Given, yaml } from '../support/policies.ts'

/** A policy, and what it answers. Each file of test/cases is one. */
interface Cases {
  readonly policy: string
  readonly tests: readonly {
    readonly name: string
    readonly given: Omit<Given, 'action'> & {
      readonly action?: string
      readonly app?: string
      readonly destination?: Destination
    }
    readonly expect: {
      /** Empty: no rule. */
      readonly rule: string
      readonly effect?: 'allow' | 'block'
      readonly unknown?: readonly string[]
    }
  }[]
}

const folder = join(import.meta.dirname, '..', 'cases')

describe.each(readdirSync(folder).filter((file) => file.endsWith('.yaml')))('%s', (file) => {
  const { policy, tests } = yaml(readFileSync(join(folder, file), 'utf8')) as Cases
  const rules = compiled(policy)

  test.each(tests)('$name', ({ given: { action = 'connect', ...given }, expect: wanted }) => {
    const application =
      given.app === undefined
        ? rules.applicationAt(given.destination ?? {})
        : rules.applications.get(given.app)

    const verdict = evaluate(rules, application!, action, factsOf(given))

    const found =
      verdict.kind === 'none'
        ? { rule: '', effect: 'block', unknown: [] }
        : { rule: verdict.rule.id, effect: verdict.rule.effect, unknown: verdict.unknown }
    expect(found).toMatchObject(wanted)
  })
})
