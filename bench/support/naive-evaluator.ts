import { fold } from '../../src/directory/identity.ts'
import { F, not, T, type Tri, U } from '../../src/directory/three-values.ts'
import type { Facts } from '../../src/policy/policy.ts'
import type { Operators, Workload } from './rule-workload.ts'

/**
 * What one writes first: every rule in turn, its fields read as they stand in the file, no index
 * and nothing prepared. Knows the operators of the bench's rules only.
 */
export function naiveDecision({ file }: Workload, application: string, facts: Facts): string {
  for (const rule of file.rules) {
    if (!rule.apps.names.includes(application)) continue
    let result: Tri = T
    if (rule.who !== undefined) {
      result = Math.max(
        ...rule.who.groups.any.map((each) => facts.groups.hasName(fold(each))),
      ) as Tri
    }
    for (const [key, operators] of Object.entries(rule.when ?? {})) {
      result = Math.min(result, truth(key, operators, facts)) as Tri
    }
    for (const [key, operators] of Object.entries(rule.unless ?? {})) {
      result = Math.min(result, not(truth(key, operators, facts))) as Tri
    }
    if (result === T || (result === U && rule.effect === 'block')) return rule.id
  }
  return ''
}

const risks = ['low', 'medium', 'high', 'critical']
const urn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

function truth(key: string, operators: Operators, { user, context }: Facts): Tri {
  const value = key.startsWith('context.')
    ? context.get(key.slice('context.'.length))
    : key.startsWith('user.enterprise.')
      ? (user?.[urn] as Record<string, unknown> | undefined)?.[key.slice('user.enterprise.'.length)]
      : user?.[key.slice('user.'.length)]
  if (value === undefined) return U
  const form = (text: unknown) =>
    key.startsWith('user.') && typeof text === 'string' ? fold(text) : text
  const tests = Object.entries(operators).map(([operator, operand]): boolean => {
    if (operator === 'eq') return form(value) === form(operand)
    if (operator === 'in') return (operand as unknown[]).map(form).includes(form(value))
    return risks.indexOf(String(value)) < risks.indexOf(String(operand))
  })
  return tests.every(Boolean) ? T : F
}
