import type { Revision, Stored } from '../directory/directory.ts'
import { entityTag } from './rendered-resource.ts'
import { ScimError } from './scim-error.ts'

/** The conditional headers of a request (RFC 7644 §3.14), as they came. */
export interface Conditions {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
}

/** Whether the client already has this revision. */
export function isKnown({ ifNoneMatch }: Conditions, stored: Stored): boolean {
  return ifNoneMatch !== undefined && matches(ifNoneMatch, stored)
}

/**
 * The revision that a write may replace: the one the client names, or undefined where it does not
 * care. Throws 412 when the resource has moved on.
 */
export function requiredRevision({ ifMatch }: Conditions, stored: Stored): Revision | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined
  if (!matches(ifMatch, stored)) throw movedOn(stored)
  return stored.revision
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
