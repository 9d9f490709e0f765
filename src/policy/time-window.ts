import { nearestName } from '../std/nearest-name.ts'
import type { TimePart } from './condition-schema.ts'
import { ZoneClock } from './zone-clock.ts'

/** Days of the week and a time of the day, by the clock on the wall of a zone. */
export interface TimeWindow {
  holds(atMs: number): boolean
  /** The first instant after `atMs` at which `holds` is another; infinite: there is none. */
  changesAtMs(atMs: number): number
}

/** What is wrong; `field` of the mapping. */
export interface TimeFault {
  readonly fault: string
  readonly field: keyof TimePart
}

/**
 * A window that crosses midnight belongs to the day it starts. Its end is not in it. A local time
 * that the zone skips moves to the next instant, one that it repeats counts twice: that is what
 * comparing with the clock on the wall does.
 */
export function timeWindow({ days, between, tz }: TimePart): TimeWindow | TimeFault {
  const clock = zoneClock(tz)
  if (clock === undefined) return { fault: noZone(tz), field: 'tz' }
  const onDays = new Set<number>()
  for (const text of days ?? ['mon-sun']) {
    const found = daysOf(text)
    if (found === undefined) {
      return { fault: `\`${text}\` is no day: write mon, or mon-fri`, field: 'days' }
    }
    for (const day of found) onDays.add(day)
  }
  const times = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/
    .exec(between ?? '00:00-24:00')
    ?.slice(1)
    .map(Number)
  const [fromHour = 99, fromMinute = 0, toHour = 99, toMinute = 0] = times ?? []
  const [from, to] = [fromHour * 60 + fromMinute, toHour * 60 + toMinute]
  if (from >= dayMinutes || to > dayMinutes || fromMinute > 59 || toMinute > 59) {
    const forms = '`07:00-20:00`, and `24:00` for an end at midnight'
    const fault = `\`${between}\` is no time: write ${forms}`
    return { fault, field: 'between' }
  }
  if (from === to) return { fault: `\`between: "${between}"\` is empty`, field: 'between' }
  return new Window(clock, onDays, from, to)
}

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const dayMinutes = 1_440
const dayMs = 86_400_000
const minuteMs = 60_000

/** `fri-mon` goes over the end of the week. */
function daysOf(text: string): readonly number[] | undefined {
  const [first = '', last = first, ...more] = text.split('-')
  const [from, to] = [dayNames.indexOf(first), dayNames.indexOf(last)]
  if (from < 0 || to < 0 || more.length > 0) return undefined
  const count = ((to - from + 7) % 7) + 1
  return Array.from({ length: count }, (_, at) => (from + at) % 7)
}

/** One for all windows of a zone, so that they share what it has worked out. */
const clocks = new Map<string, ZoneClock>()

function zoneClock(zone: string): ZoneClock | undefined {
  const known = clocks.get(zone)
  if (known !== undefined) return known
  // Abbreviations such as EST are ambiguous, and an offset is no zone.
  if (!zone.includes('/') && zone !== 'UTC') return undefined
  try {
    const clock = new ZoneClock(zone)
    clocks.set(zone, clock)
    return clock
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function noZone(zone: string): string {
  const nearest = nearestName(zone, Intl.supportedValuesOf('timeZone'))
  const hint = nearest === undefined ? '' : ` (did you mean \`${nearest}\`?)`
  return `\`${zone}\` is no time zone${hint}: write an IANA name such as \`Europe/Berlin\`, or UTC`
}

class Window implements TimeWindow {
  readonly #clock: ZoneClock
  readonly #days: ReadonlySet<number>
  /** Minutes of the day. */
  readonly #from: number
  readonly #to: number

  constructor(clock: ZoneClock, days: ReadonlySet<number>, from: number, to: number) {
    this.#clock = clock
    this.#days = days
    this.#from = from
    this.#to = to
  }

  holds(atMs: number): boolean {
    const localMs = atMs + this.#clock.offsetMs(atMs)
    const day = Math.floor(localMs / dayMs)
    const minute = (localMs - day * dayMs) / minuteMs
    // 1970-01-01 was a Thursday.
    const weekday = (((day + 4) % 7) + 7) % 7
    if (this.#from < this.#to) {
      return this.#days.has(weekday) && minute >= this.#from && minute < this.#to
    }
    if (minute >= this.#from) return this.#days.has(weekday)
    return minute < this.#to && this.#days.has((weekday + 6) % 7)
  }

  changesAtMs(atMs: number): number {
    const now = this.holds(atMs)
    for (let at = atMs; at < atMs + horizonMs; ) {
      const boundary = this.#boundaryAfter(at)
      at = this.#clock.changeWithin(at, boundary) ?? boundary
      if (this.holds(at) !== now) return at
    }
    return Number.POSITIVE_INFINITY
  }

  /** The next time at which the clock shows an end of the window or midnight, as it goes now. */
  #boundaryAfter(atMs: number): number {
    const localMs = atMs + this.#clock.offsetMs(atMs)
    const midnight = Math.floor(localMs / dayMs) * dayMs
    const ends = [this.#from * minuteMs, this.#to * minuteMs, dayMs].sort((a, b) => a - b)
    const next = ends.find((end) => midnight + end > localMs) ?? dayMs
    return atMs + (midnight + next - localMs)
  }
}

/** Of a week with a change of the clocks: what has not changed by then never does. */
const horizonMs = 9 * dayMs
