import { hash } from 'node:crypto'
import type { Collection, Ordinal } from '../../directory/directory.ts'
import type { IndexedAttribute, IndexTerm } from '../../directory/identity.ts'
import { toText } from '../stored-text.ts'

/**
 * Names of the keys in Redis. All of them share one hash tag, so that a Cluster keeps them on one
 * node: a follower needs one blocking connection per stream, and a script needs all of its keys
 * where it runs. No text that a user chose is ever part of a key, only a field or a member: a
 * delimiter in it could name another key, a `}` would move it to another node.
 *
 * ```
 * {p0}:meta          HASH    schema log epoch rev nonce lease reign reign-since fork:<epoch>
 * {p0}:feed          STREAM  id <revision>-0; n nonce, p previous nonce, e effect, o ordinal,
 *                            k key hashes, u users, g groups
 * {p0}:op:<opId>     STRING  what a commit came to, for 120 s
 * {p0}:dirs          HASH    directory id -> "<number>:<tenant>"
 * {p0}:tok           HASH    token id -> record
 * {p0}:policy:<h>    LIST    versions of one tenant, newest first; h = SHA-1 of its id
 * {p0}:staged        HASH    tenant -> version that waits;  {p0}:staged:<h> STRING its document
 * {p0}:pdp:ids       SET     processes that decide;  {p0}:pdp:l:<id> STRING a lease: epoch and
 *                            revision that its holder has applied;  {p0}:pdp:r:<id>:<h> STRING
 *                            what it said of a version that waits
 * {p0}:<d>:ctr       HASH    counters of a directory
 * {p0}:<d>:u|g:<o>   STRING  a user or group; see record-text
 * {p0}:<d>:list:u|g  ZSET    ordinals;  {p0}:<d>:names:u|g ZSET folded unique names, in order
 * {p0}:<d>:id:<b>    HASH    id -> u<ordinal> or g<ordinal>
 * {p0}:<d>:x:…:<b>   HASH    unique name -> ordinal
 * {p0}:<d>:y:…:<b>   HASH    name that may be shared -> ",<ordinal>,<ordinal>,"
 * {p0}:<d>:ug:<o>    SET     direct groups of a user;    {p0}:<d>:gm:<o> direct users of a group
 * {p0}:<d>:gp:<o>    SET     direct groups of a group;   {p0}:<d>:gg:<o> direct groups in a group
 * {p0}:<d>:pv:<o>    SET     member values that name nobody yet
 * {p0}:<d>:wait:<b>  HASH    such a value -> ",<group>,<group>,"
 * {p0}:<d>:sync:w|q  LIST    sync log: writes and failures, quiet reads;  {p0}:<d>:tally HASH
 * ```
 */
export const keyPrefix = '{p0}:'

export const keys = {
  meta: `${keyPrefix}meta`,
  feed: `${keyPrefix}feed`,
  directories: `${keyPrefix}dirs`,
  tokens: `${keyPrefix}tok`,
  deciders: `${keyPrefix}pdp:ids`,
  lease: (process: string) => `${keyPrefix}pdp:l:${process}`,
  op: (opId: string) => `${keyPrefix}op:${hash('sha1', opId)}`,
  policy: (tenant: string) => `${keyPrefix}policy:${hash('sha1', tenant)}`,
  staged: `${keyPrefix}staged`,
  stagedDocument: (tenant: string) => `${keyPrefix}staged:${hash('sha1', tenant)}`,
  stagingReport: (process: string, tenant: string) =>
    `${keyPrefix}pdp:r:${process}:${hash('sha1', tenant)}`,
  ofDirectory: (number: number) => `${keyPrefix}${number}:`,
} as const

export const letterOf = { users: 'u', groups: 'g' } as const satisfies Record<Collection, string>

/**
 * Indexes are cut into 2^14 hashes each, so that none grows big: up to 128 small entries Redis
 * keeps a hash in one piece of memory, and moving a node's slot stops it for as long as its
 * largest key takes.
 */
export function bucketOf(value: string): number {
  return Number.parseInt(hash('sha1', value).slice(0, 4), 16) >> 2
}

const codeOf: Record<IndexedAttribute, string> = {
  userName: 'n',
  displayName: 'd',
  externalId: 'x',
  'emails.value': 'e',
}

/** Where a term stands within its directory: a key's end, and a field. */
export interface TermPlace {
  readonly key: string
  readonly field: string
}

export function placeOf(of: Collection, { attribute, value, unique }: IndexTerm): TermPlace {
  const field = toText(value)
  const index = `${unique ? 'x' : 'y'}:${letterOf[of]}${codeOf[attribute]}`
  return { key: `${index}:${bucketOf(field)}`, field }
}

/** `u12` or `g3`, as the index of ids has it. */
export function parseOwner(text: string): { readonly of: Collection; readonly ordinal: Ordinal } {
  return { of: text.startsWith('u') ? 'users' : 'groups', ordinal: Number(text.slice(1)) }
}

/** Ordinals that share a name, from `,3,17,`; ascending. */
export function parseSharers(text: string | null): readonly Ordinal[] {
  if (text === null) return []
  return text.split(',').filter(Boolean).map(Number).sort(ascending)
}

export function ascending(a: number, b: number): number {
  return a - b
}
