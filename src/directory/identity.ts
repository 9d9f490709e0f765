import type { Collection, Document } from './directory.ts'
import { groupSchema } from './group-schema.ts'
import type { Schema } from './schema-registry.ts'
import { userSchema } from './user-schema.ts'

/**
 * The one form in which names compare: NFC, then lower case without a locale. Nobody else lowers
 * case. Trailing or leading blanks are significant: `ann ` is not `ann`.
 */
export function fold(text: string): string {
  // What gateways send is nearly always folded already, and this runs at every decision.
  if (isFolded(text)) return text
  return (isNormalizable(text) ? text.normalize('NFC') : text).toLowerCase()
}

/**
 * V8 puts combining marks in order in a time square to their number: 1,000 in a row take 0.4 ms,
 * 64,000 take 2.5 s, and a whole request body of them would stop the process for hours. No script
 * has more than 30 in a row (Unicode UAX #15 §13, stream-safe text), so text that has, or that is
 * longer than a name, is lower-cased only.
 */
function isNormalizable(text: string): boolean {
  if (text.length <= marksInRowMax) return true
  if (text.length > normalizedLengthMax) return false
  for (const [marks] of text.matchAll(combiningMarks)) {
    if (marks.length > marksInRowMax) return false
  }
  return true
}
const normalizedLengthMax = 1024
const marksInRowMax = 30
const combiningMarks = /\p{M}+/gu

/** ASCII without capitals is its own folded form. */
function isFolded(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f || (code >= 0x41 && code <= 0x5a)) return false
  }
  return true
}

/** How a subject or a resource can be named. */
export type LookupKind = 'id' | 'userName' | 'externalId'

/** The form of a name under which it is looked up: userName folds, id and externalId are exact. */
export function lookupValue(kind: LookupKind, value: string): string {
  return kind === 'userName' ? fold(value) : value
}

/** An attribute that the store can find by equality, without a scan. */
export type IndexedAttribute = 'userName' | 'displayName' | 'externalId' | 'emails.value'

export interface IndexTerm {
  readonly attribute: IndexedAttribute
  readonly value: string
  /** Whether two resources of one directory may not share the value. */
  readonly unique: boolean
}

/** Everything a resource is indexed under, `id` aside. Values are in the form they compare in. */
export function indexTerms(of: Collection, document: Document): readonly IndexTerm[] {
  const terms: IndexTerm[] = []
  const add = (attribute: IndexedAttribute, value: unknown, unique: boolean, exact = false) => {
    if (typeof value !== 'string') return
    terms.push({ attribute, value: exact ? value : fold(value), unique })
  }
  if (of === 'users') add('userName', document.userName, userNameIsUnique)
  // A user's displayName is neither unique nor looked up by any identity provider.
  if (of === 'groups') add('displayName', document.displayName, groupNameIsUnique)
  // RFC 7643 §3.1 does not ask externalId to be unique; two owners are SUBJECT_AMBIGUOUS.
  add('externalId', document.externalId, false, true)
  for (const value of emailValues(document)) add('emails.value', value, false)
  return terms
}

/** The schema alone says what two resources may not share, and discovery shows it. */
const userNameIsUnique = isUnique(userSchema, 'userName')
const groupNameIsUnique = isUnique(groupSchema, 'displayName')

function isUnique({ attributes }: Schema, name: string): boolean {
  return attributes.some((each) => each.name === name && each.uniqueness !== 'none')
}

function emailValues(document: Document): readonly string[] {
  const emails = document.emails
  if (!Array.isArray(emails)) return []
  const values = emails.map((email: { readonly value?: unknown }) => email?.value)
  // One term a value: two that differ in case alone would be the same term twice.
  return [...new Set(values.filter((value) => typeof value === 'string').map(fold))]
}
