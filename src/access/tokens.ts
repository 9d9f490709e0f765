import { randomUUID, timingSafeEqual } from 'node:crypto'
import type { TokenChange, TokenRecord } from '../directory/change.ts'
import type { DirectoryId } from '../directory/directory.ts'
import { assert } from '../std/assert.ts'
import { type Clock, toDateTime } from '../std/clock.ts'
import { StoreUnavailable } from '../store/errors.ts'
import { type Committed, liveTokensMax, type Store } from '../store/store.ts'
import type { Authenticated, Refusal } from './access.ts'
import { bearerOf, digestOf, digestOfNobody, newTokenText, parseTokenText } from './token-text.ts'

export interface TokenWishes {
  /** What a person calls it, such as `entra production`. */
  readonly label: string
  /** RFC 3339 instant. Absent = never: an expired token puts an Entra job in quarantine. */
  readonly expires?: string
  /** Id of a live token to revoke first. */
  readonly replace?: string
}

export type TokenCreated =
  | { readonly kind: 'created'; readonly token: string; readonly record: TokenRecord }
  /** `message` names the live tokens and what to do. */
  | { readonly kind: 'tooMany'; readonly live: readonly string[]; readonly message: string }
  | { readonly kind: 'unknownDirectory' }
  /** `replace` names no token of this directory. */
  | { readonly kind: 'unknownToken' }
  | { readonly kind: 'unavailable'; readonly cause: Error }

export type TokenRevoked =
  | { readonly kind: 'revoked' | 'unknown' }
  | { readonly kind: 'unavailable'; readonly cause: Error }

/** A token that nobody has yet, and what the store keeps of it. */
export function mintToken(
  directory: DirectoryId,
  label: string,
  nowMs: number,
  expires?: string,
): { readonly token: string; readonly record: TokenRecord } {
  const { id, secret, text } = newTokenText(directory)
  const created = toDateTime(nowMs)
  const digest = digestOf(secret)
  const record = {
    id,
    directory,
    digest,
    label,
    created,
    ...(expires !== undefined && { expires }),
  }
  return { token: text, record }
}

/** The SCIM tokens of all directories. Two may be live per directory, to rotate without a gap. */
export class Tokens {
  readonly #store: Store
  readonly #clock: Clock

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  async create(directory: DirectoryId, wishes: TokenWishes): Promise<TokenCreated> {
    const { label, expires, replace } = wishes
    if (replace !== undefined) {
      const known = await unlessUnavailable(() => this.list(directory))
      if ('cause' in known) return known
      if (!known.value.some((token) => token.id === replace)) return { kind: 'unknownToken' }
      const revoked = await this.revoke(replace)
      if (revoked.kind === 'unavailable') return revoked
    }
    const minted = mintToken(directory, label, this.#clock.wallMs(), expires)
    const committed = await this.#commit({ op: 'token-create', token: minted.record })
    switch (committed.kind) {
      case 'ok':
        return { kind: 'created', ...minted }
      case 'missing':
        return { kind: 'unknownDirectory' }
      case 'unavailable':
        return committed
      case 'tooMany':
        return await this.#tooMany(directory)
      default:
        // A repeated commit is answered like the first, and 48 random bits are no other token.
        assert(false, `a new token was answered with ${committed.kind}`)
    }
  }

  /** Newest first, revoked ones included. Rejects with StoreUnavailable. */
  list(directory?: DirectoryId): Promise<readonly TokenRecord[]> {
    return this.#store.credentials.list(directory)
  }

  /** Whether a token may be used now. */
  isLive(record: TokenRecord): boolean {
    return record.revoked === undefined && !this.#isExpired(record)
  }

  async revoke(id: string): Promise<TokenRevoked> {
    const at = toDateTime(this.#clock.wallMs())
    const committed = await this.#commit({ op: 'token-revoke', id, at })
    if (committed.kind === 'unavailable') return committed
    if (committed.kind === 'ok') await this.#store.barrier(committed.position)
    return { kind: committed.kind === 'missing' ? 'unknown' : 'revoked' }
  }

  /**
   * Judges the value of an Authorization header. `directory` is the one that the URL names, if it
   * names one. A malformed token costs no store read; a well-formed one costs the same whether it
   * is known or not.
   */
  async authenticate(
    authorization: string | undefined,
    directory: string | undefined,
  ): Promise<Authenticated> {
    if (authorization === undefined || authorization === '') return refused('no token')
    const text = bearerOf(authorization)
    if (text === undefined) return refused('not a bearer token')
    const parts = parseTokenText(text)
    if (parts === undefined) return refused('malformed token')
    const found = await unlessUnavailable(() => this.#store.credentials.find(parts.id))
    if ('cause' in found) return found
    const record = found.value
    const digest = Buffer.from(digestOf(parts.secret), 'hex')
    const wanted = Buffer.from(record?.digest ?? digestOfNobody, 'hex')
    const same = wanted.length === digest.length && timingSafeEqual(digest, wanted)
    if (record === undefined) return refused('unknown token')
    if (!same) return refused('wrong secret')
    if (record.revoked !== undefined) return refused('revoked token')
    if (this.#isExpired(record)) return refused('expired token')
    if (directory !== undefined && directory !== record.directory) {
      return refused('token of another directory')
    }
    return { kind: 'ok', caller: { directory: record.directory, tokenId: record.id } }
  }

  async #tooMany(directory: DirectoryId): Promise<TokenCreated> {
    const known = await unlessUnavailable(() => this.list(directory))
    if ('cause' in known) return known
    const live = known.value.filter((token) => this.isLive(token)).map((token) => token.id)
    const names = live.map((id) => `\`${id}\``).join(' and ')
    const message =
      `directory \`${directory}\` has ${liveTokensMax} live tokens, ${names}: ` +
      'revoke the one that is no longer used, then create again'
    return { kind: 'tooMany', live, message }
  }

  #isExpired({ expires }: TokenRecord): boolean {
    // Negated, so that an instant nobody can read counts as past.
    return expires !== undefined && !(Date.parse(expires) > this.#clock.wallMs())
  }

  async #commit(change: TokenChange): Promise<Committed> {
    const by = { opId: randomUUID() }
    const first = await this.#store.commit(change, by)
    return first.kind === 'unavailable' ? await this.#store.commit(change, by) : first
  }
}

function refused(why: Refusal): Authenticated {
  return { kind: 'refused', why }
}

type Unavailable = { readonly kind: 'unavailable'; readonly cause: Error }

async function unlessUnavailable<Value>(
  read: () => Promise<Value>,
): Promise<{ readonly value: Value } | Unavailable> {
  try {
    return { value: await read() }
  } catch (cause) {
    if (cause instanceof StoreUnavailable) return { kind: 'unavailable', cause }
    throw cause
  }
}
