import { U } from '../directory/three-values.ts'
import type { Attribute } from './attribute.ts'
import type { OperandFault } from './operand.ts'
import type { Test } from './operators.ts'
import { triOf } from './value-type.ts'

export interface SpiffeWanted {
  readonly trustDomain: string
  readonly path?: string | undefined
}

/** Of the trust domain, and at the path or below it: `/gateway` is not above `/gateways`. */
export function spiffeTest(
  attribute: Attribute,
  { trustDomain, path = '' }: SpiffeWanted,
): Test | OperandFault {
  const whole = `spiffe://${trustDomain}${path.replace(/\/$/, '')}`
  if (attribute.type.form(whole) === undefined) {
    const example = '`{ trustDomain: acme.example, path: /gateway }`'
    return { fault: `\`${whole}\` is no SPIFFE ID: write ${example}`, path: [] }
  }
  return (facts) =>
    attribute.some(facts, (value) => {
      const found = attribute.type.form(value)
      if (typeof found !== 'string') return U
      return triOf(found === whole || found.startsWith(`${whole}/`))
    })
}
