import { decideByRules } from '../decision/by-rules.ts'
import type { Attempt } from '../decision/decision.ts'
import { DirectoryResolution, type DirectorySettings } from '../decision/subject.ts'
import { parseDateTime } from '../directory/date-time.ts'
import type { DirectoryId, TenantId } from '../directory/directory.ts'
import type { RuleSet, Value, Values } from '../policy/policy.ts'
import { answer } from './impact.ts'
import type { LiveSubject } from './live-subjects.ts'

/** A recorded attempt that two versions answer differently, or that cannot be read. */
export type RecordedChange =
  | {
      readonly kind: 'flip'
      readonly line: number
      readonly user: string
      readonly application: string
      readonly to: 'allow' | 'block'
      readonly before: string
      readonly after: string
    }
  | { readonly kind: 'fault'; readonly line: number; readonly fault: string }

export interface ReplayParts {
  readonly tenant: TenantId
  readonly before: RuleSet
  readonly after: RuleSet
  readonly directories: readonly DirectorySettings[]
  find(userName: string, directory: DirectoryId): Promise<LiveSubject | undefined>
  /** Of attempts that do not say when they were. */
  readonly nowMs: number
}

/**
 * Decides attempts again, at the directory of now: JSON objects with `user`, `directory`, `app`,
 * `host`, `ip`, `port`, `protocol`, `action`, `context`, `claims` and `now`.
 */
export async function replayAttempts(
  lines: readonly string[],
  parts: ReplayParts,
): Promise<readonly RecordedChange[]> {
  const changes: RecordedChange[] = []
  const resolution = new DirectoryResolution(parts.directories)
  for (const [at, text] of lines.entries()) {
    if (text.trim() === '') continue
    const line = at + 1
    const read = readAttempt(text, parts)
    if (typeof read === 'string') {
      changes.push({ kind: 'fault', line, fault: read })
      continue
    }
    const change = await compare(read, resolution, parts)
    if (change !== undefined) changes.push({ kind: 'flip', line, ...change })
  }
  return changes
}

interface Read {
  readonly attempt: Attempt
  readonly nowMs: number
}

async function compare(
  { attempt, nowMs }: Read,
  resolution: DirectoryResolution,
  parts: ReplayParts,
) {
  const directory = resolution.directoryOf(parts.tenant, attempt.subject)
  const { name: user } = attempt.subject
  const subject = directory && (await parts.find(user, directory.id))
  // Whom both versions block before any rule, none of them changes.
  if (subject === undefined || !subject.active) return undefined
  const times = { nowMs, ageMs: 0 }
  const old = answer(decideByRules(parts.before, attempt, subject.facts, times))
  const now = answer(decideByRules(parts.after, attempt, subject.facts, times))
  if (old.effect === now.effect) return undefined
  const { host = '', ip = '' } = attempt.destination ?? {}
  const application = attempt.application ?? (host || ip)
  return { user, application, to: now.effect, before: old.by, after: now.by }
}

function readAttempt(text: string, { tenant, nowMs }: ReplayParts): Read | string {
  let sent: Record<string, unknown>
  try {
    sent = JSON.parse(text)
  } catch {
    return 'is no JSON'
  }
  const { user, directory, app, host, ip, port, protocol, action = 'connect', now } = sent
  if (typeof user !== 'string') return '`user` is missing: expected a userName'
  if (app === undefined && host === undefined && ip === undefined) {
    return 'names no application: expected `app`, `host` or `ip`'
  }
  const at = now === undefined ? nowMs : parseDateTime(String(now))
  if (at === undefined) return `\`now\` is no RFC 3339 time: ${JSON.stringify(now)}`
  const named = Object.entries({ host, ip, port, protocol }).filter(
    ([, part]) => part !== undefined,
  )
  const attempt: Attempt = {
    tenant,
    subject: {
      ...{ kind: 'userName', name: user },
      directory: directory === undefined ? undefined : String(directory),
    },
    application: app === undefined ? undefined : String(app),
    destination: named.length === 0 ? undefined : Object.fromEntries(named),
    action: String(action),
    claims: flattened(sent.claims),
    context: flattened(sent.context),
    minRevision: undefined,
  }
  return { attempt, nowMs: at }
}

/** Nested mappings become dotted keys, as the wires have them. */
function flattened(sent: unknown, prefix = '', values = new Map<string, Value>()): Values {
  if (typeof sent !== 'object' || sent === null) return values
  for (const [name, value] of Object.entries(sent)) {
    const key = `${prefix}${name}`
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      flattened(value, `${key}.`, values)
    } else values.set(key, value as Value)
  }
  return values
}
