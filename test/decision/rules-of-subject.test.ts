import { expect, test } from 'vitest'
import type { Principal } from '../../src/cache/cache.ts'
import { GroupGraph } from '../../src/cache/group-graph.ts'
import { PrincipalFacts } from '../../src/decision/principal-facts.ts'
import { RulesOfSubject } from '../../src/decision/rules-of-subject.ts'
import type { DirectoryId } from '../../src/directory/directory.ts'
import type { RuleSet } from '../../src/policy/policy.ts'
import { compiled } from '../support/policies.ts'

const directory = 'entra' as DirectoryId
const rulesFor = (group: string) =>
  compiled(`version: 1
applications: { wiki: {} }
rules: [{ id: a, effect: allow, apps: any, who: { groups: { any: [${group}] } } }]`)

function graphWith(...names: readonly string[]): GroupGraph {
  const graph = new GroupGraph()
  for (const [ordinal, displayName] of names.entries()) {
    graph.put({ directory, ordinal, id: `g${ordinal}`, displayName, parents: [] })
  }
  return graph
}

function principalIn(...groups: readonly number[]): Principal {
  const attributes = Object.assign(Object.create(null), { id: 'u' })
  return { directory, groups, attributes, derived: undefined } as unknown as Principal
}

function asker(graph: GroupGraph) {
  const kept = new RulesOfSubject()
  return (rules: RuleSet, principal: Principal) =>
    kept.of(rules, principal, graph, new PrincipalFacts(principal, graph))
}

test('what was worked out is found again, until the rules or the groups change', () => {
  const graph = graphWith('Finance', 'SRE')
  const of = asker(graph)
  const [finance, legal] = [rulesFor('Finance'), rulesFor('Legal')]
  const ann = principalIn(0)

  const first = of(finance, ann)
  const { derived } = ann
  expect(of(finance, ann)).toBe(first)
  expect(ann.derived).toBe(derived)
  expect([...first.ordinals]).toEqual([0])
  expect([...of(legal, ann).ordinals]).toEqual([])
  graph.put({ directory, ordinal: 0, id: 'g0', displayName: 'Legal', parents: [] })
  expect([...of(legal, ann).ordinals]).toEqual([0])
  expect([...of(finance, ann).ordinals]).toEqual([])
})

test('users of whom the same is true share one object, which holds neither rules nor groups', () => {
  const of = asker(graphWith('Finance', 'SRE'))
  const rules = rulesFor('Finance')
  const [ann, bob] = [principalIn(0), principalIn(0, 1)]
  of(rules, ann)
  of(rules, bob)

  expect(bob.derived).toBe(ann.derived)
  expect(Object.values(ann.derived as object).every((part) => part !== rules)).toBe(true)
})
