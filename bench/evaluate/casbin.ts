import type { Workload } from '../support/rule-workload.ts'
import { type Peer, readFacts, risks } from './peer.ts'

interface Casbin {
  newModel(text: string): unknown
  newEnforcer(model: unknown): Promise<Enforcer>
}
interface Enforcer {
  addFunction(name: string, work: (...given: never[]) => unknown): Promise<void>
  addPolicies(rows: readonly (readonly string[])[]): Promise<boolean>
  enforceSync(...request: unknown[]): boolean
}

/** Effect by priority is casbin's first match. */
const model = `
[request_definition]
r = app, facts
[policy_definition]
p = app, rule, eft
[policy_effect]
e = priority(p.eft) || deny
[matchers]
m = r.app == p.app && holds(r.facts, p.rule)
`

/** casbin, with conditions as a function of ours: it has no language for them. */
export async function casbinPeer(casbin: Casbin, { file }: Workload): Promise<Peer> {
  const enforcer = await casbin.newEnforcer(casbin.newModel(model))
  const rules = new Map(file.rules.map((rule) => [rule.id, rule]))
  await enforcer.addFunction('holds', ((facts: Read, id: string) =>
    holds(rules.get(id)!, facts)) as never)
  await enforcer.addPolicies(
    file.rules.map(({ id, effect, apps }) => [
      apps.names[0]!,
      id,
      effect === 'allow' ? 'allow' : 'deny',
    ]),
  )
  return {
    name: 'casbin',
    prepare: (application, facts) => {
      const read = {
        ...readFacts(facts),
        groups: new Set(facts.groups.held?.names ?? []),
      }
      return () => (enforcer.enforceSync(application, read) ? 'allow' : 'block')
    },
  }
}

type Read = ReturnType<typeof readFacts> & { readonly groups: ReadonlySet<string> }

function holds({ who, when, unless }: Workload['file']['rules'][number], facts: Read): boolean {
  if (unless !== undefined) return facts.isEncrypted !== true
  if (who !== undefined && !who.groups.any.some((name) => facts.groups.has(name.toLowerCase()))) {
    return false
  }
  return Object.entries(when ?? {}).every(([key, operators]) => {
    const among = operators.in as readonly unknown[]
    if (key === 'context.country') return among.includes(facts.country)
    if (key === 'user.enterprise.department') return among.includes(facts.department)
    if (key === 'user.userType') return facts.userType === operators.eq
    if (facts.risk === undefined) return false
    return risks.indexOf(String(facts.risk)) < risks.indexOf(String(operators.lt))
  })
}
