/**
 * The instant a SCIM dateTime names (RFC 7643 §2.3.5), as milliseconds since 1970, or undefined
 * where the text is none. Digits beyond the millisecond stay as a fraction.
 *
 * Strict RFC 3339 §5.6: date, `T`, time with seconds, then `Z` or an offset. Refused: a missing
 * offset (whose noon would it be), days the month lacks, hour 24, and leap seconds (`:60`), which
 * xsd:dateTime does not know and which no clock of ours can tell from the next second.
 */
export function parseDateTime(text: string): number | undefined {
  if (text.length > dateTimeLengthMax || !hasMarks(text)) return undefined
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 2)
  const day = digits(text, 8, 2)
  const hour = digits(text, 11, 2)
  const minute = digits(text, 14, 2)
  const second = digits(text, 17, 2)
  const zoneAt = endOfFraction(text)
  const fractionMs = zoneAt === 19 ? 0 : Number(text.slice(19, zoneAt)) * 1000
  const offsetMinutes = offset(text, zoneAt)
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const date = new Date(0)
  // Date.UTC would take the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day)
  const instant = date.getTime() + ((hour * 60 + minute - offsetMinutes) * 60 + second) * 1000
  const whole = instant + fractionMs
  return Number.isNaN(whole) ? undefined : whole
}

/** Twice what a nanosecond and an offset need: RFC 3339 has no bound on the fraction. */
const dateTimeLengthMax = 64

function hasMarks(text: string): boolean {
  const t = text[10]
  return (
    text[4] === '-' &&
    text[7] === '-' &&
    (t === 'T' || t === 't') &&
    text[13] === ':' &&
    text[16] === ':'
  )
}

/** NaN unless all are digits; a NaN makes every later sum NaN. */
function digits(text: string, at: number, count: number): number {
  let value = 0
  for (let next = at; next < at + count; next += 1) {
    if (!isDigit(text, next)) return Number.NaN
    value = value * 10 + (text.charCodeAt(next) - 48)
  }
  return value
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 48 && code <= 57
}

/** Where the offset starts: behind the seconds, or behind their fraction of at least one digit. */
function endOfFraction(text: string): number {
  if (text[19] !== '.') return 19
  let at = 20
  while (isDigit(text, at)) at += 1
  return at
}

/** Minutes east of Greenwich, or NaN. */
function offset(text: string, at: number): number {
  const sign = text[at]
  if (sign === 'Z' || sign === 'z') return text.length === at + 1 ? 0 : Number.NaN
  if ((sign !== '+' && sign !== '-') || text[at + 3] !== ':' || text.length !== at + 6) {
    return Number.NaN
  }
  const hours = digits(text, at + 1, 2)
  const minutes = digits(text, at + 4, 2)
  if (hours > 23 || minutes > 59) return Number.NaN
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes)
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  if (month === 2) return leap ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
