import { sameName } from '../directory/schema-registry.ts'
import type { Remarks } from '../directory/sync-entry.ts'

/** What a client sent: untyped, and any name may be a key, `__proto__` too. */
export interface JsonObject {
  readonly [name: string]: unknown
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own property by its name in any case. */
export function property(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name]
  const key = Object.keys(object).find((candidate) => sameName(candidate, name))
  return key === undefined ? undefined : object[key]
}

/** How a value is named in an error: by its kind, or by itself where that is short. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}…` : text
}
const shownLengthMax = 60

/** RFC 7643 §2.5: null, an empty list and no value are one. Okta also sends "" to clear. */
export function isUnassigned(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  )
}

/**
 * What was made of a body that is not quite as it should be, for the log of the synchronisation: in
 * words where something of it was lost, and by attribute for whoever looks for a pattern.
 */
export class Notes {
  readonly #lines: string[] = []
  readonly #ignored: string[] = []
  readonly #coerced: string[] = []
  readonly #assumed: string[] = []

  add(line: string): void {
    addTo(this.#lines, line)
  }

  /**
   * No schema knows it. The name is cut and holds no values; `attribute` is the same name as the
   * schema would have it, where `name` says where in the request it stood.
   */
  ignore(
    what: 'attribute' | 'schema',
    name: string,
    more: { readonly why?: string; readonly attribute?: string } = {},
  ): void {
    addTo(this.#ignored, more.attribute ?? name)
    const why = more.why === undefined ? '' : `: ${more.why}`
    this.add(`unknown ${what} \`${name}\` ignored${why}`)
  }

  /** Text was read as another type: nothing is lost, and it tells who sends. */
  coerce(attribute: string): void {
    addTo(this.#coerced, attribute)
  }

  /** It was not sent, and is taken as if it had been. */
  assume(attribute: string): void {
    addTo(this.#assumed, attribute)
  }

  get remarks(): Remarks {
    return { ignored: this.#ignored, coerced: this.#coerced, assumed: this.#assumed }
  }

  /** Ask before writing a line for each of many names: a hostile body has 100,000 unknown ones. */
  get isFull(): boolean {
    return this.#lines.length >= notesMax
  }

  get lines(): readonly string[] {
    return this.#lines
  }
}

function addTo(list: string[], text: string): void {
  if (list.length < notesMax && !list.includes(text)) list.push(text)
}
/** Enough to mend a mapping by; a hostile body could cause a million. */
const notesMax = 20
