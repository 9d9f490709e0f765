import { describe, expect, test } from 'vitest'
import { type TimeWindow, timeWindow } from '../../src/policy/time-window.ts'

const minuteMs = 60_000

function windowOf(days: readonly string[] | undefined, between: string | undefined, tz: string) {
  const found = timeWindow({ days: days as string[] | undefined, between, tz })
  if ('fault' in found) throw new Error(found.fault)
  return found
}

const formats = new Map<string, Intl.DateTimeFormat>()
function formatOf(tz: string) {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: tz,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
}

/** Asked of Intl anew for every minute: no answer is remembered. */
function slowly(at: number, days: readonly string[], between: string, tz: string): boolean {
  const format = formats.get(tz) ?? formatOf(tz)
  formats.set(tz, format)
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
  const weekday = parts.get('weekday')!.toLowerCase()
  const time = `${parts.get('hour')}:${parts.get('minute')}`
  const [from, to] = between.split('-') as [string, string]
  const names = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
  const before = names[(names.indexOf(weekday) + 6) % 7]!
  if (from < to) return days.includes(weekday) && time >= from && time < to
  return time >= from ? days.includes(weekday) : time < to && days.includes(before)
}

describe.each([
  ['Europe/Berlin', '2026-03-28T12:00:00Z'],
  ['Europe/Berlin', '2026-10-24T12:00:00Z'],
  ['America/New_York', '2026-03-07T12:00:00Z'],
  ['America/New_York', '2026-10-31T12:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T00:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T00:00:00Z'],
  ['Asia/Kathmandu', '2026-05-04T00:00:00Z'],
  ['UTC', '2026-05-04T00:00:00Z'],
])('in %s, for two days from %s,', (tz, start) => {
  test.each([
    [['sat', 'sun'], '02:15-02:45'],
    [['sat', 'sun'], '01:30-03:00'],
    [['sun'], '00:00-24:00'],
    [['sat'], '22:00-06:00'],
    [['mon', 'sun'], '23:59-00:01'],
    [['tue'], '10:00-12:00'],
  ])('%j %s is what the clock on the wall says, and so are its changes', (days, between) => {
    const window = windowOf(days, between, tz)
    const from = Date.parse(start)
    const minutes = Array.from({ length: 2 * 1_440 }, (_, at) => from + at * minuteMs)
    const wanted = minutes.map((at) => slowly(at, days, between, tz))

    expect(minutes.map((at) => window.holds(at))).toEqual(wanted)
    const wantedChanges = minutes.filter((_, at) => at > 0 && wanted[at] !== wanted[at - 1])
    expect(changes(window, from, minutes.at(-1)!)).toEqual(wantedChanges)
  })
})

function changes(window: TimeWindow, from: number, to: number): readonly number[] {
  const found: number[] = []
  for (let at = from; ; ) {
    at = window.changesAtMs(at)
    if (at > to) return found
    found.push(at)
  }
}

test('a range of days goes over the end of the week', () => {
  const window = windowOf(['sat-mon'], undefined, 'UTC')
  const days = [4, 5, 6, 7, 8, 9, 10].map((day) => window.holds(Date.UTC(2026, 4, day, 12)))

  expect(days).toEqual([true, false, false, false, false, true, true])
})

test('a window without an end never changes', () => {
  expect(windowOf(['mon-sun'], undefined, 'UTC').changesAtMs(0)).toBe(Number.POSITIVE_INFINITY)
})

test.each([
  [['mon-fry'], undefined, 'UTC', 'days', '`mon-fry` is no day: write mon, or mon-fri'],
  [['mon'], '25:00-26:00', 'UTC', 'between', '`25:00-26:00` is no time'],
  [['mon'], '7-9', 'UTC', 'between', '`7-9` is no time'],
  [['mon'], '22:00-22:00', 'UTC', 'between', '`between: "22:00-22:00"` is empty'],
  [['mon'], undefined, 'Europe/Berln', 'tz', '(did you mean `Europe/Berlin`?)'],
  [['mon'], undefined, 'EST', 'tz', '`EST` is no time zone'],
] as const)('%j %s %s is refused at `%s`', (days, between, tz, field, fault) => {
  const found = timeWindow({ days: [...days], between, tz })

  expect(found).toEqual({ field, fault: expect.stringContaining(fault) })
})
