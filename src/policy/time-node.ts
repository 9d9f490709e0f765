import type { Tri } from '../directory/three-values.ts'
import { ConditionNode } from './condition-node.ts'
import type { TimePart } from './condition-schema.ts'
import type { Facts, Seen } from './policy.ts'
import type { TimeWindow } from './time-window.ts'
import { triOf } from './value-type.ts'

/** `time`: there always is a clock, so it is never unknown. */
export class TimeNode extends ConditionNode {
  readonly #window: TimeWindow
  readonly #zone: string

  constructor(path: string, { days = [], between = '', tz }: TimePart, window: TimeWindow) {
    const wanted = [days.join(', '), between, tz].filter((part) => part !== '').join(' ')
    super({
      ...{ path, label: 'time', wanted, cost: 2 },
      ...{ readsDirectory: false, readsSent: false, readsClock: true },
    })
    this.#window = window
    this.#zone = tz
  }

  override untilMs({ nowMs }: Facts): number {
    return this.#window.changesAtMs(nowMs)
  }

  protected override ask({ nowMs }: Facts): Tri {
    return triOf(this.#window.holds(nowMs))
  }

  protected override look({ nowMs }: Facts): Seen {
    const shown = new Intl.DateTimeFormat('en-GB', {
      timeZone: this.#zone,
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    })
    return { value: JSON.stringify(`${shown.format(nowMs)} ${this.#zone}`), note: '' }
  }
}
