import { type Tri, U } from '../directory/three-values.ts'
import { durationMs } from '../std/duration.ts'
import type { Attribute } from './attribute.ts'
import type { OperandFault } from './operand.ts'
import type { Test } from './operators.ts'
import type { Facts } from './policy.ts'
import { triOf } from './value-type.ts'

/**
 * `within`: at most so long ago; `olderThan`: longer ago than that. What lies in the future is
 * neither.
 */
export function agoTest(
  attribute: Attribute,
  operator: 'within' | 'olderThan',
  text: string,
): Test | OperandFault {
  const periodMs = durationMs(text)
  if (!(periodMs > 0)) return noDuration(operator, text)
  const { form } = attribute.type
  const test = (value: unknown, nowMs: number): Tri => {
    const at = form(value)
    if (typeof at !== 'number') return U
    const agoMs = nowMs - at
    return triOf(operator === 'within' ? agoMs >= 0 && agoMs <= periodMs : agoMs > periodMs)
  }
  const ask = (facts: Facts) => attribute.some(facts, (value) => test(value, facts.nowMs))
  return Object.assign(ask, {
    untilMs: (facts: Facts) => {
      const instants = (attribute.values(facts) ?? []).flatMap((value) => {
        const at = form(value)
        return typeof at === 'number' ? [at, at + periodMs + 1] : []
      })
      return Math.min(...instants.filter((instant) => instant > facts.nowMs))
    },
  })
}

/** Unknown once the directory was not confirmed for longer than `text`. */
export function agedTest(attribute: Attribute, test: Test, text: string): Test | OperandFault {
  const mostMs = durationMs(text)
  if (!(mostMs > 0)) return noDuration('maxAge', text)
  if (!attribute.readsDirectory) {
    return {
      fault: '`maxAge` is about the directory; what is sent is as old as the attempt',
      path: [],
    }
  }
  const ask = (facts: Facts): Tri => (facts.ageMs > mostMs ? U : test(facts))
  return Object.assign(ask, {
    untilMs: (facts: Facts) => {
      if (facts.ageMs > mostMs) return Number.POSITIVE_INFINITY
      const aged = facts.nowMs + (mostMs - facts.ageMs) + 1
      return Math.min(aged, test.untilMs?.(facts) ?? aged)
    },
  })
}

function noDuration(operator: string, text: string): OperandFault {
  const forms = '`90d`, `12h`, `30m` or `45s`'
  return { fault: `\`${operator}: ${text}\` is no duration: write ${forms}`, path: [] }
}
