import type { Revision, Stored } from '../directory/directory.ts'
import { entityTag } from './rendered-resource.ts'
import { ScimError } from './scim-error.ts'

/** The conditional headers of a request (RFC 7644 §3.14), as they came. */
export interface Conditions {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
}

/** Whether the client already has this revision, so that a read need not be answered with it. */
export function isKnown({ ifNoneMatch }: Conditions, stored: Stored): boolean {
  return ifNoneMatch !== undefined && matches(ifNoneMatch, stored)
}

/**
 * The revision that a request is about: the one the client names in If-Match, or undefined where it
 * does not care. Throws 412 where the resource is at another, and where it is one that the client
 * excludes by If-None-Match: `*` excludes any (RFC 9110 §13.1.2).
 */
export function requiredRevision(conditions: Conditions, stored: Stored): Revision | undefined {
  const { ifMatch } = conditions
  if (ifMatch !== undefined && !matches(ifMatch, stored)) throw movedOn(stored)
  if (isKnown(conditions, stored)) throw excluded(stored)
  return ifMatch === undefined || ifMatch.trim() === '*' ? undefined : stored.revision
}

function excluded(stored: Stored): ScimError {
  const detail = 'the resource is at a version that If-None-Match excludes'
  return new ScimError(412, `${detail}: ${entityTag(stored)}`)
}

export function movedOn(stored?: Stored): ScimError {
  const now = stored === undefined ? '' : `: it is at ${entityTag(stored)}`
  return new ScimError(412, `the resource has changed since the version in If-Match${now}`)
}

/**
 * RFC 9110 §8.8.3.2, weak comparison. If-Match asks for the strong one, but RFC 7644 §3.14 itself
 * sends a weak tag there.
 */
function matches(header: string, stored: Stored): boolean {
  const wanted = `"${stored.revision}"`
  return header.split(',').some((part) => {
    const tag = part.trim()
    return tag === '*' || tag === wanted || tag === `W/${wanted}`
  })
}
