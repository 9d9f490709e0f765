import type { CreateToken, PolicyChange, RevokeToken } from '../../directory/change.ts'
import { liveTokensMax } from '../store.ts'
import type { Reply, Writing } from './commit-reply.ts'
import type { LogGuard } from './log-guard.ts'
import { keys } from './redis-keys.ts'
import type { Connected } from './redis-link.ts'
import { runScript, scripts } from './scripts.ts'
import { tokenNumber, tokenText, toToken } from './token-text.ts'

/** Writes to tokens and policies. */

/** Versions of a tenant's policy that are kept: in memory here, and one can weigh a megabyte. */
export const policiesKeptMax = 100

export async function writeToken(
  { connected, chain, feedMax, opId }: Writing,
  guard: LogGuard,
  change: CreateToken | RevokeToken,
): Promise<Reply> {
  const { redis } = connected
  const judgedAt = (await redis.hget(keys.meta, 'tokens')) ?? '0'
  const all = await redis.hgetall(keys.tokens)
  const { id } = change.op === 'token-create' ? change.token : change
  // The script has the first result of a repeated commit, which is not judged again.
  const isRepeated = (await redis.exists(keys.op(opId))) === 1
  const judged = isRepeated ? { text: '' } : await judgeToken(connected, guard, change, all)
  if ('kind' in judged) return judged.kind === 'NOOP' ? ['NOOP', '', ''] : [judged.kind]
  const { log, epoch, knownRev, knownNonce, nonce } = chain
  const effect = JSON.stringify({ of: 'token', id })
  return (await runScript(
    redis,
    scripts.commitToken,
    [keys.meta, keys.feed, keys.op(opId), keys.tokens],
    [...[log, epoch, knownRev, knownNonce, nonce, feedMax], ...[id, judged.text, effect, judgedAt]],
  )) as Reply
}

async function judgeToken(
  connected: Connected,
  guard: LogGuard,
  change: CreateToken | RevokeToken,
  all: Readonly<Record<string, string>>,
): Promise<{ text: string } | { kind: 'NOOP' | 'EXISTS' | 'MISSING' | 'TOOMANY' }> {
  if (change.op === 'token-revoke') {
    const text = all[change.id]
    if (text === undefined) return { kind: 'MISSING' }
    const token = toToken(text)
    if (token.revoked !== undefined) return { kind: 'NOOP' }
    return { text: tokenText(tokenNumber(text), { ...token, revoked: change.at }) }
  }
  const { token } = change
  const number = await guard.numberOf(token.directory, connected)
  if (number === undefined) return { kind: 'MISSING' }
  if (Object.hasOwn(all, token.id)) return { kind: 'EXISTS' }
  const now = Date.parse(token.created)
  const texts = Object.values(all)
  // What cannot be read as an instant never expires, so that a limit is not slipped past.
  const live = texts
    .map(toToken)
    .filter(
      ({ directory, revoked, expires }) =>
        directory === token.directory && !revoked && !(expires && Date.parse(expires) <= now),
    )
  if (live.length >= liveTokensMax) return { kind: 'TOOMANY' }
  return { text: tokenText(Math.max(0, ...texts.map(tokenNumber)) + 1, token) }
}

export async function publish(
  { connected, chain, feedMax, opId }: Writing,
  change: PolicyChange,
): Promise<Reply> {
  const { tenant, version, replaces, document, sources, by, why, at } = change
  const { log, epoch, knownRev, knownNonce, nonce } = chain
  const published = JSON.stringify({ version, document, sources, by, why, at })
  const effect = JSON.stringify({ of: 'policy', tenant, version })
  return (await runScript(
    connected.redis,
    scripts.commitPolicy,
    [keys.meta, keys.feed, keys.op(opId), keys.policy(tenant)],
    [
      ...[log, epoch, knownRev, knownNonce, nonce, feedMax],
      ...[version, replaces ?? '', published, effect, policiesKeptMax],
    ],
  )) as Reply
}
