import type { CheckedPolicy, CheckedRule } from '../checked-policy.ts'
import { type Finding, policyFinding, ruleFinding } from './finding.ts'

/** Names and values whose letters are not what they look like (Unicode TR 39). */
export function letterFindings(policy: CheckedPolicy): readonly Finding[] {
  const declared = [
    ...policy.applications.map(({ name, ...rest }) => ({ name, rest })),
    ...policy.lists.map(({ name, ...rest }) => ({ name, rest })),
  ]
  return [
    ...policy.rules.flatMap(inRule),
    ...declared.flatMap(({ name, rest }) =>
      [name, ...textsIn(rest)].flatMap((text) => {
        const found = deception(text)
        return found === undefined
          ? []
          : [policyFinding(found.check, `\`${name}\`: ${found.message}`)]
      }),
    ),
  ]
}

function inRule(rule: CheckedRule): readonly Finding[] {
  const { description: _description, message: _message, reason: _reason, ...asked } = rule
  return textsIn(asked).flatMap((text) => {
    const found = deception(text)
    return found === undefined ? [] : [ruleFinding(found.check, rule, found.message)]
  })
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) => [...textsIn(key), ...textsIn(each)])
}

interface Deception {
  readonly check: 'direction-controls' | 'deceptive-letters'
  readonly message: string
}

function deception(text: string): Deception | undefined {
  if (plain.test(text)) return undefined
  const control = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.exec(text)
  if (control !== null) {
    const message = [
      `${shown(text)} holds a control of reading direction (${code(control)}): remove`,
      'it',
    ].join(' ')
    return { check: 'direction-controls', message }
  }
  const hidden = /[\p{Cf}\u00ad\u3164\uffa0]/u.exec(text)
  if (hidden !== null) {
    const message = `${shown(text)} holds a character that is not seen (${code(hidden)}): remove it`
    return { check: 'deceptive-letters', message }
  }
  for (const word of text.split(/[^\p{L}\p{M}]+/u)) {
    const other = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}]/u.exec(word)
    if (other === null || !/\p{Script=Latin}/u.test(word)) continue
    const message = [
      `${shown(text)} mixes Latin letters with ones of another script that look alike`,
      `(${code(other)})`,
    ].join(' ')
    return { check: 'deceptive-letters', message }
  }
  return undefined
}
const plain = /^[\x20-\x7e]*$/

function code(match: RegExpExecArray): string {
  const point = match[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
  return `U+${point} at ${match.index + 1}`
}

/** What would deceive is told by its code. */
function shown(text: string): string {
  const safe = text.replace(
    /[\p{Cf}\p{Cc}]/gu,
    (each) => `\\u{${each.codePointAt(0)!.toString(16)}}`,
  )
  return `\`${safe.slice(0, 64)}\``
}
