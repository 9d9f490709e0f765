import { sameName } from '../directory/schema-registry.ts'

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

/** What was ignored or coerced, in words, for the log of the synchronisation. */
export class Notes {
  readonly #lines: string[] = []

  add(line: string): void {
    if (this.#lines.length < notesMax && !this.#lines.includes(line)) this.#lines.push(line)
  }

  get lines(): readonly string[] {
    return this.#lines
  }
}
/** Enough to mend a mapping by; a hostile body could cause a million. */
const notesMax = 20
