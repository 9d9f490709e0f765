import type {
  AttributeValue,
  Complex,
  DirectoryId,
  Ordinal,
  Revision,
  Uuid,
} from '../directory/directory.ts'
import { isActive } from '../directory/directory.ts'
import type { LookupKind } from '../directory/identity.ts'
import { decodeOrdinals, encodeOrdinals } from '../store/ordinal-list.ts'
import type { PrincipalRow } from '../store/store.ts'
import type { Principal } from './cache.ts'

/**
 * A user as memory keeps it: a million of them are the largest thing in a process that decides.
 * Everything here is laid out so that the engine lets records share what they have in common.
 */
export class RememberedPrincipal implements Principal {
  readonly directory: DirectoryId
  readonly ordinal: Ordinal
  readonly id: Uuid
  /** -1 once it is no longer what the store holds. */
  revision: Revision
  readonly attributes: Complex
  /** Which attributes those are. */
  readonly projection: Projection
  /** The names under which it was asked for; whether by its id the map of ids tells. */
  userName: string | undefined = undefined
  externalId: string | undefined = undefined
  active: boolean
  derived: unknown = undefined
  /** As bytes: twenty groups take 20 to 40 of them, as a list of numbers 180. */
  readonly #groups: string

  constructor(
    { directory, ordinal, id, revision, document, groups }: PrincipalRow,
    kept: Projection,
  ) {
    this.directory = directory
    this.ordinal = ordinal
    this.id = owned(id)
    this.revision = revision
    this.active = isActive(document)
    this.attributes = kept.of(document, this.id)
    this.projection = kept
    this.#groups = Buffer.from(encodeOrdinals(groups) ?? []).toString('latin1')
  }

  get isGone(): boolean {
    return this.revision < 0
  }

  /** Undefined: it was never asked for by such a name; by its id perhaps. */
  nameOf(kind: LookupKind): string | undefined {
    return this[kind]
  }

  /** What it is found by from now on; the text is kept. */
  beKnownBy(kind: LookupKind, name: string): void {
    if (kind !== 'id') this[kind] = name
  }

  /** Made anew each time: who works something out of it keeps that in `derived`. */
  get groups(): readonly Ordinal[] {
    return decodeOrdinals(Buffer.from(this.#groups, 'latin1'))
  }
}

/** The attributes that policies read, taken out of a document. */
export class Projection {
  readonly attributes: ReadonlySet<string>

  constructor(attributes: ReadonlySet<string>) {
    this.attributes = attributes
  }

  of(document: Complex, id: Uuid): Complex {
    const kept = new Kept()
    kept.id = id
    for (const name of this.attributes) {
      if (Object.hasOwn(document, name)) kept[name] = shared(document[name]!)
    }
    return kept
  }
}

/**
 * Inherits nothing, as every document. Made by a constructor, so that objects with the same
 * attributes share their layout: with `Object.create(null)` each would be a hash table of its own,
 * five times as large.
 */
const Kept = function kept() {} as unknown as new () => { [name: string]: AttributeValue }
Kept.prototype = Object.freeze(Object.create(null))

/**
 * A copy that stands for itself. A part of a longer text, as a store may hand out, would keep all
 * of that text in memory.
 */
export function owned(text: string): string {
  return text.isWellFormed() ? Buffer.from(text).toString() : text
}

/** Departments, titles and the like are said of many: one text is enough for all of them. */
function shared(value: AttributeValue): AttributeValue {
  if (typeof value !== 'string' || value.length > sharedLengthMax) return value
  const known = sharedTexts.get(value)
  if (known !== undefined) return known
  if (sharedTexts.size >= sharedTextsMax) sharedTexts.clear()
  sharedTexts.set(value, value)
  return value
}
const sharedTexts = new Map<string, string>()
const sharedTextsMax = 10_000
const sharedLengthMax = 100
