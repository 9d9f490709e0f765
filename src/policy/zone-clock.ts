/**
 * What a clock on the wall shows in a time zone. Asking Intl takes microseconds, so the answer is
 * kept for the quarter of an hour it is true for: zones change on such quarters.
 */
export class ZoneClock {
  readonly #format: Intl.DateTimeFormat
  #quarter = Number.NaN
  #offsetMs = 0

  /** @throws {RangeError} for a name that is no zone. */
  constructor(zone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** What local time is ahead of UTC at an instant, in ms. */
  offsetMs(atMs: number): number {
    const quarter = Math.floor(atMs / quarterMs)
    if (quarter !== this.#quarter) {
      this.#quarter = quarter
      this.#offsetMs = this.#askOffsetMs(quarter * quarterMs)
    }
    return this.#offsetMs
  }

  /** The first quarter in `(fromMs, toMs]` whose offset is another than at `fromMs`. */
  changeWithin(fromMs: number, toMs: number): number | undefined {
    const offset = this.offsetMs(fromMs)
    let low = Math.floor(fromMs / quarterMs)
    let high = Math.floor(toMs / quarterMs)
    if (this.offsetMs(toMs) === offset) return undefined
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.offsetMs(middle * quarterMs) === offset) low = middle
      else high = middle
    }
    return high * quarterMs
  }

  #askOffsetMs(atMs: number): number {
    const parts = new Map<string, number>()
    for (const { type, value } of this.#format.formatToParts(atMs)) parts.set(type, Number(value))
    const of = (type: string) => parts.get(type) ?? 0
    const local = Date.UTC(
      ...([of('year'), of('month') - 1, of('day')] as const),
      ...([of('hour'), of('minute'), of('second')] as const),
    )
    return local - Math.floor(atMs / 1_000) * 1_000
  }
}

const quarterMs = 900_000
