import type { CheckedRule } from '../checked-policy.ts'
import type { Conditions, TimePart } from '../condition-schema.ts'
import { ZoneClock } from '../zone-clock.ts'

export interface SkippedHour {
  readonly zone: string
  /** Local date, `2026-03-29`. */
  readonly day: string
  /** Local times, `02:00-03:00`. */
  readonly time: string
}

/** Whether an end of a window of the rule falls into an hour that its zone skips within a year. */
export function skippedHour({ when, unless }: CheckedRule, nowMs: number): SkippedHour | undefined {
  for (const { between, tz } of [...timesIn(when), ...timesIn(unless)]) {
    const ends = between?.split('-') ?? []
    const skipped = skippedIn(tz, nowMs)
    if (skipped === undefined) continue
    const [from, to] = skipped.time.split('-') as [string, string]
    if (ends.some((end) => end >= from && end < to)) return skipped
  }
  return undefined
}

function timesIn(conditions: Conditions | undefined): readonly TimePart[] {
  if (conditions === undefined) return []
  const { time, all = [], any = [], not } = conditions
  return [
    ...(time === undefined ? [] : [time]),
    ...[...all, ...any].flatMap(timesIn),
    ...timesIn(not),
  ]
}

/** The next hour that a zone skips; undefined: none within a year. */
function skippedIn(zone: string, nowMs: number): SkippedHour | undefined {
  const clock = new ZoneClock(zone)
  for (let at = nowMs; at < nowMs + yearMs; at += dayMs) {
    const change = clock.changeWithin(at, at + dayMs)
    if (change === undefined) continue
    const [before, after] = [clock.offsetMs(change - 1), clock.offsetMs(change)]
    if (after <= before) continue
    const local = (offset: number) => new Date(change + offset).toISOString()
    const time = `${local(before).slice(11, 16)}-${local(after).slice(11, 16)}`
    return { zone, day: local(before).slice(0, 10), time }
  }
  return undefined
}
const dayMs = 86_400_000
const yearMs = 366 * dayMs
