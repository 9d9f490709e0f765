import { isIPv4 } from 'node:net'

/**
 * The rule language once more, slow and obvious: no index, no compilation, no types, one function
 * for each sentence of its description. Shares no code with src/. Understands well-formed rules
 * only, and of SCIM filters only `name eq "value"` and its negation.
 */
export type Truth = 'false' | 'unknown' | 'true'

export interface ReferencePolicy {
  readonly applications: Record<string, ReferenceApplication>
  readonly lists: Record<string, { readonly type: string; readonly values: readonly unknown[] }>
  readonly rules: readonly ReferenceRule[]
}
export interface ReferenceApplication {
  readonly hosts?: readonly string[]
  readonly labels?: Record<string, string>
  readonly actions?: readonly string[]
}
type Mapping = Record<string, unknown>
export interface ReferenceRule {
  readonly id: string
  readonly effect: 'allow' | 'block'
  readonly enabled?: boolean
  readonly apps: 'any' | { names?: string[]; labels?: Record<string, string>; except?: string[] }
  readonly actions?: readonly string[]
  readonly who?: {
    users?: (string | { id: string } | { externalId: string })[]
    directories?: string[]
    groups?: { any?: string[]; all?: string[]; none?: string[] }
    filter?: string
  }
  readonly when?: Mapping
  readonly unless?: Mapping
  readonly onMissing?: 'match' | 'skip'
  readonly mode?: 'enforce' | 'shadow'
  readonly validFrom?: string
  readonly validUntil?: string
  readonly obligations?: readonly {
    readonly id: string
    readonly type: string
    readonly if?: Mapping
  }[]
}
export interface ReferenceAttempt {
  readonly application: string
  readonly action: string
  readonly directory: string
  /** Undefined: the directory may not be used. */
  readonly user: Mapping | undefined
  readonly groups: readonly string[]
  /** Names that two groups share, of which the subject is in one. */
  readonly doubtful: readonly string[]
  readonly claims: Mapping
  readonly context: Mapping
  /** RFC 3339. */
  readonly now: string
  readonly ageMs: number
}

const truths = ['false', 'unknown', 'true'] as const
const of = (yes: boolean): Truth => (yes ? 'true' : 'false')
const not = (a: Truth) => truths[2 - truths.indexOf(a)]!
const all = (...many: Truth[]) => truths.find((each) => many.includes(each)) ?? 'true'
const any = (...many: Truth[]) => truths.findLast((each) => many.includes(each)) ?? 'false'
const fold = (text: string) => text.normalize('NFC').toLowerCase()

/** The rule that decides, what it obliges to, and the shadow rule that would have decided before it. */
export function referenceDecision(policy: ReferencePolicy, attempt: ReferenceAttempt) {
  let shadow = ''
  for (const rule of policy.rules) {
    if (rule.enabled === false || !concerns(rule, policy, attempt.application)) continue
    if (rule.actions && !rule.actions.includes(attempt.action)) continue
    if (!isValid(rule, Date.parse(attempt.now))) continue
    const result = ruleTruth(rule, policy, attempt)
    const missing = rule.onMissing ?? (rule.effect === 'block' ? 'match' : 'skip')
    if (result === 'false' || (result === 'unknown' && missing === 'skip')) continue
    if (rule.mode === 'shadow') {
      shadow ||= rule.id
      continue
    }
    const due = (rule.obligations ?? []).filter(
      (each) => each.if === undefined || mappingTruth(each.if, policy, attempt) !== 'false',
    )
    return { effect: rule.effect, rule: rule.id, obligations: due.map(({ id }) => id), shadow }
  }
  return { effect: 'block', rule: '', obligations: [], shadow }
}

/** A bare date is the whole day in UTC. */
function isValid({ validFrom, validUntil }: ReferenceRule, now: number): boolean {
  const day = 86_400_000
  const start = (text: string) => Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text)
  if (validFrom !== undefined && now < start(validFrom)) return false
  if (validUntil === undefined) return true
  const end = start(validUntil)
  return validUntil.length === 10 ? now < end + day : now <= end
}

function concerns({ apps }: ReferenceRule, policy: ReferencePolicy, name: string): boolean {
  if (apps === 'any') return true
  const mine = policy.applications[name]!.labels ?? {}
  const byLabel = apps.labels && Object.entries(apps.labels).every(([k, v]) => mine[k] === v)
  return Boolean(apps.names?.includes(name) || byLabel) && !apps.except?.includes(name)
}

export function ruleTruth(
  rule: ReferenceRule,
  policy: ReferencePolicy,
  attempt: ReferenceAttempt,
): Truth {
  const { who = {}, when = {}, unless } = rule
  return all(
    who.directories ? of(who.directories.includes(attempt.directory)) : 'true',
    who.users ? any(...who.users.map((user) => isUser(user, attempt))) : 'true',
    who.groups?.any ? any(...who.groups.any.map((name) => inGroup(name, attempt))) : 'true',
    who.groups?.all ? all(...who.groups.all.map((name) => inGroup(name, attempt))) : 'true',
    who.groups?.none ? not(any(...who.groups.none.map((n) => inGroup(n, attempt)))) : 'true',
    who.filter ? filterTruth(who.filter, attempt) : 'true',
    mappingTruth(when, policy, attempt),
    unless ? not(mappingTruth(unless, policy, attempt)) : 'true',
  )
}

function isUser(user: string | Mapping, { user: facts }: ReferenceAttempt): Truth {
  if (!facts) return 'unknown'
  const [name, wanted] = typeof user === 'string' ? ['userName', user] : Object.entries(user)[0]!
  if (facts[name] === undefined) return 'unknown'
  const form = name === 'userName' ? fold : String
  return of(form(String(facts[name])) === form(String(wanted)))
}

function inGroup(name: string, { user, groups, doubtful }: ReferenceAttempt): Truth {
  if (!user) return 'unknown'
  if (doubtful.some((each) => fold(each) === fold(name))) return 'unknown'
  return of(groups.some((each) => fold(each) === fold(name)))
}

function filterTruth(filter: string, { user }: ReferenceAttempt): Truth {
  const negated = /^not \((.*)\)$/.exec(filter)
  const [, name, value] = /^(\w+) eq "(.*)"$/.exec(negated?.[1] ?? filter)!
  const found = user?.[name!]
  if (found === undefined) return 'unknown'
  const result = of(fold(String(found)) === fold(value!))
  return negated ? not(result) : result
}

function mappingTruth(mapping: Mapping, policy: ReferencePolicy, attempt: ReferenceAttempt): Truth {
  const inner = (each: unknown) => mappingTruth(each as Mapping, policy, attempt)
  const parts = Object.entries(mapping).map(([key, value]): Truth => {
    if (key === 'all') return all(...(value as Mapping[]).map(inner))
    if (key === 'any') return any(...(value as Mapping[]).map(inner))
    if (key === 'not') return not(inner(value))
    if (key === 'time') return of(isTime(value as Window, Date.parse(attempt.now)))
    const values = valuesAt(key, attempt)
    const { ci, maxAge, ...ops } = value as Mapping
    if (maxAge !== undefined && attempt.ageMs > durations[String(maxAge)]!) return 'unknown'
    const named = ci === undefined ? key : `${key} ${ci ? 'free' : 'exact'}`
    return all(
      ...Object.entries(ops).map(([op, operand]) =>
        operatorTruth(named, values, op, operand, policy, attempt),
      ),
    )
  })
  return all(...parts)
}

const durations: Record<string, number> = {
  '1h': 3_600_000,
  '1d': 86_400_000,
  '30d': 2_592_000_000,
}

interface Window {
  readonly days?: readonly string[]
  readonly between?: string
  readonly tz: string
}

const wallClocks: Record<string, Intl.DateTimeFormat> = {}

/** The clock on the wall, asked of Intl. Days are written one by one. */
function isTime({ days, between = '00:00-24:00', tz }: Window, now: number): boolean {
  wallClocks[tz] ??= new Intl.DateTimeFormat('en-GB', {
    timeZone: tz,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const shown = wallClocks[tz].formatToParts(now)
  const part = (type: string) => shown.find((each) => each.type === type)!.value
  const week = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
  const today = week.indexOf(part('weekday').toLowerCase())
  const on = (day: number) => days === undefined || days.includes(week[(day + 7) % 7]!)
  const time = `${part('hour')}:${part('minute')}`
  const [from, to] = between.split('-') as [string, string]
  if (from < to) return on(today) && time >= from && time < to
  return time >= from ? on(today) : time < to && on(today - 1)
}

/** All values of an attribute; empty = it has none; undefined = it cannot be known. */
function valuesAt(key: string, { user, claims, context }: ReferenceAttempt): unknown[] | undefined {
  const list = (value: unknown) => (value === undefined ? [] : [value].flat())
  if (key.startsWith('claims.')) return list(claims[key.slice(7)])
  if (key.startsWith('context.')) return list(context[key.slice(8)])
  if (!user) return undefined
  const path = key.slice(5)
  if (path.startsWith('enterprise.')) {
    const urn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
    return list((user[urn] as Mapping | undefined)?.[path.slice(11)])
  }
  const email = /^emails(?:\[type eq "(.*)"\])?\.value$/.exec(path)
  if (!email) return list(user[path])
  const emails = list(user.emails) as Mapping[]
  return emails.filter(({ type }) => !email[1] || type === email[1]).map(({ value }) => value)
}

function operatorTruth(
  key: string,
  values: unknown[] | undefined,
  op: string,
  operand: unknown,
  policy: ReferencePolicy,
  attempt: ReferenceAttempt,
): Truth {
  const again = (other: string) => operatorTruth(key, values, other, operand, policy, attempt)
  if (op === 'ne') return not(again('eq'))
  if (op === 'notIn') return not(again('in'))
  if (op === 'notInList') return not(again('inList'))
  if (op === 'notInCidr') return not(again('inCidr'))
  if (op === 'none') return not(again('any'))
  if (op === 'size') return sizeTruth(key, values, operand as Record<string, number>)
  if (!values) return 'unknown'
  const exists = values.length === 0 ? 'false' : any(...values.map((v) => typeTruth(key, v)))
  if (op === 'exists') return operand ? exists : not(exists)
  if (values.length === 0) return 'unknown'
  const wants = (wanted: unknown) => (value: unknown) => of(same(key, value, wanted))
  const some = (test: (value: unknown) => Truth, sample: unknown) =>
    any(...values.map((v) => (fits(key, v, sample) ? test(v) : 'unknown')))
  const many = [operand].flat()
  switch (op) {
    case 'eq':
      return some(wants(operand), operand)
    case 'in':
    case 'any':
      return some((value) => of(many.some((one) => same(key, value, one))), many[0])
    case 'all':
      return all(...many.map((one) => some(wants(one), one)))
    case 'subsetOf':
      return not(some((value) => of(!many.some((one) => same(key, value, one))), many[0]))
    case 'inList': {
      const { type, values: listed } = policy.lists[String(operand)]!
      if (type === 'cidr') return some((value) => of(listed.some((net) => inside(value, net))), '')
      return some((value) => of(listed.some((one) => same(key, value, one))), listed[0] ?? '')
    }
    case 'inCidr':
      return some((value) => of(many.some((net) => inside(value, net))), '')
    case 'glob':
      return some((value) => of(globs(form(key, operand)).test(form(key, value))), operand)
    case 'matches':
      return some((value) => of(whole(form(key, operand)).test(form(key, value))), operand)
    case 'before':
      return some((value) => of(instant(value) < instant(operand)), operand)
    case 'after':
      return some((value) => of(instant(value) > instant(operand)), operand)
    case 'within':
    case 'olderThan': {
      const ago = (value: unknown) => Date.parse(attempt.now) - instant(value)
      const most = durations[String(operand)]!
      return some((value) => {
        return of(op === 'within' ? ago(value) >= 0 && ago(value) <= most : ago(value) > most)
      }, '')
    }
    case 'contains':
      return some((value) => of(form(key, value).includes(form(key, operand))), operand)
    case 'startsWith':
      return some((value) => of(form(key, value).startsWith(form(key, operand))), operand)
    case 'endsWith':
      return some((value) => of(form(key, value).endsWith(form(key, operand))), operand)
    default:
      return some((value) => of(ordered(op, rank(value), many.map(rank))), operand)
  }
}

const instant = (value: unknown) => Date.parse(String(value))
const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`, 'su')
const globs = (glob: string) => {
  const taken = [...glob].map((each) => {
    if (each === '*' || each === '?') return each === '*' ? '.*' : '.'
    return /[\\^$.+()[\]{}|/]/.test(each) ? `\\${each}` : each
  })
  return whole(taken.join(''))
}

/** How many values; of none, or of one where a set is wanted, it is unknown. */
function sizeTruth(
  key: string,
  values: unknown[] | undefined,
  sizes: Record<string, number>,
): Truth {
  const isSet = key.startsWith('context.trustedNetworks')
  if (!values || values.length === 0 || (isSet && !values.every((v) => typeof v === 'string'))) {
    return 'unknown'
  }
  const count = values.length
  return all(
    ...Object.entries(sizes).map(([op, wanted]) =>
      of(op === 'eq' ? count === wanted : ordered(op, count, [wanted])),
    ),
  )
}

const risks = ['low', 'medium', 'high', 'critical']
const rank = (value: unknown) => (typeof value === 'number' ? value : risks.indexOf(String(value)))

function ordered(op: string, value: number, [a, b]: number[]): boolean {
  if (op === 'gt') return value > a!
  if (op === 'ge') return value >= a!
  if (op === 'lt') return value < a!
  return op === 'le' ? value <= a! : value >= a! && value <= b!
}

/** Claims, context, `id` and `externalId` are exact; other attributes of users fold. */
function form(key: string, value: unknown): string {
  const isUsers = key.startsWith('user.') && key !== 'user.id' && key !== 'user.externalId'
  const folds = key.endsWith(' free') || (isUsers && !key.endsWith(' exact'))
  return folds ? fold(String(value)) : String(value)
}

function same(key: string, value: unknown, wanted: unknown): boolean {
  return typeof value === typeof wanted && form(key, value) === form(key, wanted)
}

function typeTruth(key: string, value: unknown): Truth {
  if (value === '' && (key.startsWith('claims.') || key === 'context.location')) return 'false'
  return fits(key, value, undefined) ? 'true' : 'unknown'
}

/** Whether a value is of the attribute's type; a claim's type is that of the operand. */
function fits(key: string, value: unknown, operand: unknown): boolean {
  if (key.startsWith('claims.')) {
    return operand === undefined || typeof value === typeof [operand].flat()[0]
  }
  if (key === 'context.enrolled') return !Number.isNaN(instant(value)) && typeof value === 'string'
  if (key === 'context.risk') return risks.includes(String(value))
  if (key === 'context.asn') return typeof value === 'number'
  if (key === 'context.country') return /^[A-Z][A-Z]$/.test(String(value))
  if (key === 'context.sourceIp') return isIPv4(v4(value))
  if (key.startsWith('context.posture.') || key === 'user.active') return typeof value === 'boolean'
  return typeof value === 'string'
}

function v4(value: unknown): string {
  return String(value).replace(/^::ffff:/, '')
}

/** IPv4 only. */
function inside(value: unknown, network: unknown): boolean {
  const bits = (text: string) =>
    text
      .split('.')
      .map((octet) => Number(octet).toString(2).padStart(8, '0'))
      .join('')
  const [address, prefix] = String(network).split('/')
  return bits(v4(value)).slice(0, Number(prefix)) === bits(address!).slice(0, Number(prefix))
}
