import { parseDateTime } from '../directory/date-time.ts'
import type { RulePart } from './schema.ts'

/** When a rule is there at all: the first and the last instant, in ms since the epoch. */
export interface Validity {
  readonly fromMs: number
  readonly untilMs: number
}

/**
 * A bare date is the whole day in UTC, whichever end it is; an RFC 3339 time is that instant. What
 * is not given never ends. `fault` is told which field is wrong.
 */
export function validityOf(
  { validFrom, validUntil }: Pick<RulePart, 'validFrom' | 'validUntil'>,
  fault: (field: 'validFrom' | 'validUntil', message: string) => void,
): Validity {
  const from = validFrom === undefined ? always : dayOrInstant(validFrom)
  const until = validUntil === undefined ? always : dayOrInstant(validUntil)
  if (from === undefined) fault('validFrom', noInstant(validFrom))
  if (until === undefined) fault('validUntil', noInstant(validUntil))
  const [fromMs, untilMs] = [from?.fromMs ?? always.fromMs, until?.untilMs ?? always.untilMs]
  if (fromMs > untilMs) {
    fault('validUntil', `\`validUntil: ${validUntil}\` is before \`validFrom: ${validFrom}\``)
  }
  return { fromMs, untilMs }
}

export const always: Validity = {
  fromMs: Number.NEGATIVE_INFINITY,
  untilMs: Number.POSITIVE_INFINITY,
}

function dayOrInstant(text: string): Validity | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    const at = parseDateTime(text)
    return at === undefined ? undefined : { fromMs: at, untilMs: at }
  }
  const start = parseDateTime(`${text}T00:00:00Z`)
  return start === undefined ? undefined : { fromMs: start, untilMs: start + dayMs - 1 }
}
const dayMs = 86_400_000

function noInstant(text: string | undefined): string {
  const forms = '`2027-03-31`, or an RFC 3339 time such as `2027-03-31T18:00:00Z`'
  return `\`${text}\` is no date: write ${forms}`
}
