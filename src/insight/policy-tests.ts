import { applicationOf } from '../decision/application.ts'
import { decideByRules } from '../decision/by-rules.ts'
import type { Attempt, Reason } from '../decision/decision.ts'
import { obligationsOf } from '../decision/evaluate.ts'
import { personMessage } from '../decision/messages.ts'
import { parseDateTime } from '../directory/date-time.ts'
import type { DirectoryId, TenantId } from '../directory/directory.ts'
import { fold } from '../directory/identity.ts'
import { F, T, type Tri } from '../directory/three-values.ts'
import type { Vocabulary } from '../policy/attribute-at.ts'
import type { Application, Facts, Groups, RuleSet, SubjectFacts } from '../policy/policy.ts'
import type { PolicyTest } from '../policy/policy-test.ts'
import { type TellFault, testUser, testValues } from '../policy/test-given.ts'
import type { Fault } from '../std/fault.ts'
import { didYouMean } from '../std/nearest-name.ts'
import { Coverage, type RuleCoverage } from './test-coverage.ts'
import { differences } from './test-differences.ts'

/** What a test came to. */
export interface TestAnswer {
  readonly effect: 'allow' | 'block'
  readonly reason: Reason
  readonly rule: string
  readonly unknown: readonly string[]
  readonly obligations: readonly string[]
  readonly message: string
}
export interface TestResult {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly ok: boolean
  readonly got: TestAnswer
  /** How the answer differs from what is wanted, and why; empty: it does not. */
  readonly differences: readonly string[]
}
export interface TestRun {
  readonly results: readonly TestResult[]
  readonly coverage: readonly RuleCoverage[]
}

/** Somebody of the live directory; undefined: nobody has that userName. */
export type FindUser = (
  userName: string,
  directory: DirectoryId,
) => Promise<{ readonly facts: SubjectFacts; readonly active: boolean } | undefined>

export interface TestHouse {
  readonly rules: RuleSet
  readonly vocabulary: Vocabulary
  readonly tenant: TenantId
  /** Ids, the default one first. */
  readonly directories: readonly DirectoryId[]
  /** Absent: users are written out in the tests. */
  readonly findUser?: FindUser
}

/**
 * Runs tests of rules. Each has its own clock, and nothing of one is seen by another. Everything
 * that is wrong with the tests themselves is told before any is run.
 */
export async function runPolicyTests(
  tests: readonly PolicyTest[],
  house: TestHouse,
): Promise<TestRun | { readonly faults: readonly Fault[] }> {
  const faults: Fault[] = []
  const prepared = []
  for (const test of tests) prepared.push(await prepare(test, house, faults))
  if (faults.length > 0) return { faults }
  const coverage = new Coverage(house.rules)
  const results = prepared.map((each) => run(each!, house, coverage))
  return { results, coverage: coverage.rules }
}

interface Prepared {
  readonly test: PolicyTest
  readonly attempt: Attempt
  /** Undefined: the directory has no such user. */
  readonly subject: SubjectFacts | undefined
  readonly active: boolean
  readonly nowMs: number
}

async function prepare(
  test: PolicyTest,
  house: TestHouse,
  faults: Fault[],
): Promise<Prepared | undefined> {
  const { given, expect } = test.part
  const before = faults.length
  const tell: TellFault = (path, message, at) => faults.push(test.faultAt(path, message, at))
  const { rules, directories } = house
  const directory = (given.directory ?? directories[0] ?? '') as DirectoryId
  if (!directories.includes(directory)) {
    const there = `${didYouMean(directory, directories)}; there are ${directories.join(', ')}`
    tell(['given', 'directory'], `no directory \`${directory}\`${there}`)
  }
  if (expect.rule && !rules.rules.some(({ id }) => id === expect.rule)) {
    const ids = rules.rules.map(({ id }) => id)
    tell(['expect', 'rule'], `no rule \`${expect.rule}\`${didYouMean(expect.rule, ids)}`)
  }
  if (given.app !== undefined && !rules.applications.has(given.app)) {
    const hint = didYouMean(given.app, rules.applications.keys())
    const isMeant = expect.reason === 'APPLICATION_UNKNOWN'
    if (!isMeant) tell(['given', 'app'], `no application \`${given.app}\`${hint}`)
  }
  const attempt = attemptOf(test, house, tell)
  const nowMs = instantOf(test, house, attempt, tell)
  const found = await subjectOf(test, directory, house, tell)
  return faults.length > before ? undefined : { test, attempt, nowMs, ...found }
}

function attemptOf(test: PolicyTest, { vocabulary, tenant }: TestHouse, tell: TellFault): Attempt {
  const { given } = test.part
  const { app, host, ip, port, protocol, action } = given
  if (app === undefined && host === undefined && ip === undefined) {
    tell(['given'], 'name what is connected to: `app`, `host` or `ip`')
  }
  const named = { host, ip, port, protocol }
  const said = Object.entries(named).filter(([, value]) => value !== undefined)
  return {
    tenant,
    subject: { kind: 'userName', name: '', directory: undefined },
    application: app,
    destination: said.length === 0 ? undefined : Object.fromEntries(said),
    action,
    claims: testValues('claims', given, vocabulary, tell),
    context: testValues('context', given, vocabulary, tell),
    resourceProperties: testValues('resource', given, vocabulary, tell),
    ...(given.actionProperties !== undefined && {
      actionProperties: testValues('actionProperties', given, vocabulary, tell),
    }),
    minRevision: undefined,
  }
}

function instantOf(
  { part: { given } }: PolicyTest,
  { rules }: TestHouse,
  attempt: Attempt,
  tell: TellFault,
): number {
  if (given.now !== undefined) {
    const now = parseDateTime(given.now)
    if (now === undefined) tell(['given', 'now'], `\`${given.now}\` is no RFC 3339 time`)
    return now ?? 0
  }
  const application = applicationOf(rules, attempt)
  const reader = application && clockReader(rules, application)
  if (reader !== undefined) {
    tell(['given'], `\`now\` is missing: rule \`${reader}\` of this application reads the clock`)
  }
  return 0
}

function clockReader(rules: RuleSet, application: Application): string | undefined {
  return rules.rulesFor(application).all.find((rule) => {
    const { validFromMs, validUntilMs, conditions, obligations } = rule
    if (Number.isFinite(validFromMs) || Number.isFinite(validUntilMs)) return true
    return (
      conditions.some(({ readsClock }) => readsClock) ||
      obligations.some(({ condition }) => condition?.readsClock)
    )
  })?.id
}

async function subjectOf(
  { part: { given } }: PolicyTest,
  directory: DirectoryId,
  { vocabulary, findUser }: TestHouse,
  tell: TellFault,
): Promise<Pick<Prepared, 'subject' | 'active'>> {
  const { user = {} } = given
  if (typeof user !== 'string') {
    const { attributes, groups } = testUser(user, vocabulary, tell)
    const active = attributes.active !== false
    return { subject: { directory, user: attributes, groups: groupsNamed(groups) }, active }
  }
  if (findUser === undefined) {
    tell(['given', 'user'], `\`${user}\` is looked up only with --live: write the user out`)
    return { subject: undefined, active: false }
  }
  const found = await findUser(user, directory)
  return { subject: found?.facts, active: found?.active ?? false }
}

function groupsNamed(names: readonly string[]): Groups {
  const held = new Set(names.map(fold))
  const has = (name: string): Tri => (held.has(name) ? T : F)
  const listed = { names: [...held], doubtfulNames: [], ids: names }
  return { hasName: has, hasId: (id) => (names.includes(id) ? T : F), held: listed }
}

function run(prepared: Prepared, { rules }: TestHouse, coverage: Coverage): TestResult {
  const { test, attempt, subject, active, nowMs } = prepared
  const { part, file, line } = test
  const times = { nowMs, ageMs: 0 }
  const found = subject === undefined ? undefined : decideByRules(rules, attempt, subject, times)
  const answer = (got: TestAnswer, facts?: Facts, application?: Application): TestResult => {
    if (facts !== undefined && application !== undefined) {
      coverage.note(application, facts, got.rule)
    }
    const told = differences(part.expect, got, rules, application, facts)
    return { name: part.name, file, line, ok: told.length === 0, got, differences: told }
  }
  if (subject === undefined) return answer(blocked('USER_UNKNOWN'))
  if (!active) return answer(blocked('USER_INACTIVE'))
  if (found === undefined || found.kind === 'applicationUnknown') {
    return answer(blocked('APPLICATION_UNKNOWN'))
  }
  const { verdict, facts, application } = found
  if (verdict === undefined || verdict.kind === 'none') {
    return answer(blocked('NO_RULE'), facts, application)
  }
  const { rule, unknown } = verdict
  const obligations = obligationsOf(rule, facts).map(({ id }) => id)
  const message = rule.effect === 'block' ? rule.message || personMessage.RULE : rule.message
  const { effect, id } = rule
  const got = { effect, reason: 'RULE', rule: id, unknown, obligations, message } as const
  return answer(got, facts, application)
}

function blocked(reason: Reason): TestAnswer {
  const message = personMessage[reason]
  return { effect: 'block', reason, rule: '', unknown: [], obligations: [], message }
}
