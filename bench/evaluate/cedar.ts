import type { Facts } from '../../src/policy/policy.ts'
import type { Operators, Workload } from '../support/rule-workload.ts'
import { type Peer, readFacts, risks } from './peer.ts'

interface Cedar {
  preparsePolicySet(id: string, policies: { staticPolicies: string }): { readonly type: string }
  statefulIsAuthorized(call: object): {
    readonly type: string
    readonly response?: { readonly decision: string }
  }
}

/**
 * Cedar, compiled to WebAssembly, its policies parsed once. It has no order: in this workload a
 * block rule comes first, so `forbid`, which wins, says the same.
 */
export function cedarPeer(cedar: Cedar, { file }: Workload): Peer {
  const staticPolicies = file.rules.map(policyText).join('\n')
  const id = `rules-${file.rules.length}`
  const parsed = cedar.preparsePolicySet(id, { staticPolicies })
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed).slice(0, 400))
  return {
    name: 'Cedar-wasm',
    prepare: (application, facts) => {
      const call = { ...callOf(application, facts), preparsedPolicySetId: id }
      return () => {
        const { response, ...rest } = cedar.statefulIsAuthorized(call)
        if (response === undefined) throw new Error(JSON.stringify(rest).slice(0, 400))
        return response.decision === 'allow' ? 'allow' : 'block'
      }
    },
  }
}

function policyText({
  effect,
  apps,
  who,
  when,
  unless,
}: Workload['file']['rules'][number]): string {
  const groups = (who?.groups.any ?? []).map(
    (name) => `principal in Group::"${name.toLowerCase()}"`,
  )
  const conditions = [
    ...(groups.length > 0 ? [`(${groups.join(' || ')})`] : []),
    ...Object.entries(when ?? {}).map(([key, operators]) => conditionText(key, operators)),
    ...Object.keys(unless ?? {}).map(() => '!(context has isEncrypted && context.isEncrypted)'),
  ]
  const when_ = conditions.length === 0 ? '' : ` when { ${conditions.join(' && ')} }`
  const scope = `(principal, action, resource == App::"${apps.names[0]}")`
  return `${effect === 'allow' ? 'permit' : 'forbid'}${scope}${when_};`
}

function conditionText(key: string, operators: Operators): string {
  const list = (values: unknown) => `[${(values as string[]).map((one) => `"${one}"`).join(', ')}]`
  if (key === 'context.country') return `${list(operators.in)}.contains(context.country)`
  if (key === 'user.enterprise.department') {
    return `${list(operators.in)}.contains(principal.department)`
  }
  if (key === 'user.userType') return `principal.userType == "${operators.eq}"`
  return `context has risk && context.risk < ${risks.indexOf(String(operators.lt))}`
}

function callOf(application: string, facts: Facts): object {
  const { department, userType, country, risk, isEncrypted } = readFacts(facts)
  const groups = (facts.groups.held?.names ?? []).map((id) => ({ type: 'Group', id }))
  const principal = { type: 'User', id: 'ann' }
  return {
    principal,
    action: { type: 'Action', id: 'connect' },
    resource: { type: 'App', id: application },
    context: {
      country,
      ...(risk !== undefined && { risk: risks.indexOf(String(risk)) }),
      ...(isEncrypted !== undefined && { isEncrypted }),
    },
    entities: [
      { uid: principal, attrs: { department, userType }, parents: groups },
      ...groups.map((uid) => ({ uid, attrs: {}, parents: [] })),
    ],
  }
}
