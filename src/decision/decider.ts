import { randomBytes } from 'node:crypto'
import type { Lookup, Principal } from '../cache/cache.ts'
import type { DirectoryCache } from '../cache/directory-cache.ts'
import { lookupValue } from '../directory/identity.ts'
import type { Application, Facts, RuleSet, SubjectFacts } from '../policy/policy.ts'
import type { SubjectRules } from '../policy/subject-rules.ts'
import type { Clock } from '../std/clock.ts'
import type { ActivePolicies } from './active-policies.ts'
import { decideByRules } from './by-rules.ts'
import type {
  Answer,
  Attempt,
  DecisionPoint,
  Explanation,
  Outcome,
  Reason,
  Refusal,
} from './decision.ts'
import { evaluateShadow, obligationsOf, type Verdict, verdictUntilMs } from './evaluate.ts'
import { explain } from './explain.ts'
import {
  type Basis,
  type Broken,
  blockOf,
  type Found,
  type LastLook,
  type Look,
  type Looked,
  looked,
  vouchedFor,
  type Wait,
  type Wanted,
} from './looked.ts'
import { personMessage } from './messages.ts'
import { factsWithoutDirectory, PrincipalFacts } from './principal-facts.ts'
import { RulesOfSubject } from './rules-of-subject.ts'
import type { DirectoryResolution, DirectorySettings } from './subject.ts'

/**
 * Looks up, evaluates, and asks last whether what it knew is still true: once for all that is
 * decided together. What is in memory is decided without a promise; otherwise the attempt waits
 * for the store, bounded, and then for nothing more.
 */
export class Decider implements DecisionPoint {
  readonly #cache: DirectoryCache
  readonly #vouch: LastLook
  readonly #policies: ActivePolicies
  readonly #directories: DirectoryResolution
  readonly #clock: Clock
  readonly #cacheableMs: number
  readonly #idPrefix = `${randomBytes(6).toString('base64url')}-`
  readonly #rulesOfSubject = new RulesOfSubject()
  #decided = 0

  constructor(
    cache: DirectoryCache,
    vouch: LastLook,
    policies: ActivePolicies,
    directories: DirectoryResolution,
    clock: Clock,
    /** Longest time that a caller may go on using an answer. */
    cacheableMs = 0,
  ) {
    this.#cacheableMs = cacheableMs
    this.#cache = cache
    this.#vouch = vouch
    this.#policies = policies
    this.#directories = directories
    this.#clock = clock
  }

  check(attempt: Attempt): Outcome | Promise<Outcome> {
    return this.#settle(attempt, outcomeOf)
  }

  checkAll(attempts: readonly Attempt[]): readonly (Outcome | Promise<Outcome>)[] {
    const found = attempts.map((attempt) => this.#findOrFail(attempt))
    const look = this.#lastLook()
    return found.map((each, index) => {
      if (each.kind === 'broken') return Promise.reject(each.error)
      const vouched = vouchedFor(each, look)
      if (vouched.kind === 'wait') return this.#wait(attempts[index]!, vouched, outcomeOf)
      return vouched.outcome
    })
  }

  async explain(attempt: Attempt): Promise<Explanation | Refusal> {
    return this.#settle(attempt, explanationOf)
  }

  /** `finish` is called in the same turn as the last look, so it sees what the answer saw. */
  #settle<Result>(attempt: Attempt, finish: (looked: Looked) => Result): Result | Promise<Result> {
    const found = this.#look(attempt)
    return found.kind === 'looked' ? finish(found) : this.#wait(attempt, found, finish)
  }

  /** Waits for what is not in memory and for news, as often as it takes, but not for long. */
  async #wait<Result>(
    attempt: Attempt,
    first: Wait,
    finish: (looked: Looked) => Result,
  ): Promise<Result> {
    const waitMs = Math.min(storeWaitMs, attempt.waitMs ?? storeWaitMs)
    const endMs = this.#clock.monotonicMs() + waitMs
    let wait = first
    for (let leftMs = waitMs; leftMs > 0; ) {
      let lookup: Lookup | undefined
      if (wait.why === 'principal') lookup = await this.#lookUp(wait.key, leftMs)
      else await this.#cache.nextApplied(leftMs)
      const found = this.#look(attempt, lookup)
      if (found.kind === 'looked') return finish(found)
      wait = found
      leftMs = endMs - this.#clock.monotonicMs()
    }
    if (wait.why === 'revision') return finish(looked({ kind: 'revision-not-reached' }))
    return finish(this.#blocked('OVERLOADED', attempt))
  }

  /** The read goes on after the wait and fills memory, so that the next attempt finds it. */
  async #lookUp(key: Wanted, waitMs: number): Promise<Lookup> {
    const early = new AbortController()
    const waited = this.#clock.sleep(waitMs, early.signal).then(() => undefined)
    const found = await Promise.race([this.#cache.lookUp(key), waited])
    early.abort()
    return found ?? { kind: 'unavailable', cause: new Error('the store did not answer in time') }
  }

  /** What memory says, if it is still the newest. */
  #look(attempt: Attempt, lookup?: Lookup): Found {
    const found = this.#find(attempt, lookup)
    if (found.kind === 'wait' || found.outcome.kind !== 'answer') return found
    return vouchedFor(found, this.#lastLook())
  }

  #lastLook(): Look {
    const seen = this.#vouch.lastLook(this.#cache.applied)
    const verdict = this.#cache.isAhead && seen !== 'unavailable' ? 'behind' : seen
    // How long it has been is asked only where it matters: this is on the way of every answer.
    return { verdict, staleForMs: verdict === 'stale' ? this.#vouch.staleForMs() : 0 }
  }

  /** One attempt that meets a bug of ours must not take its turn's others along. */
  #findOrFail(attempt: Attempt): Found | Broken {
    try {
      return this.#find(attempt)
    } catch (error) {
      // No promise yet: if the last look throws as well, nobody would ever handle it.
      return { kind: 'broken', error }
    }
  }

  /** What memory says, whether or not it is still the newest. */
  #find(attempt: Attempt, lookup?: Lookup): Found {
    const { tenant, subject, minRevision } = attempt
    if (minRevision !== undefined) {
      const reached = this.#cache.reached(minRevision)
      if (reached === 'malformed') return looked({ kind: 'revision-malformed' })
      if (reached === 'lost') return looked({ kind: 'revision-lost' })
      if (reached === 'not-yet') return { kind: 'wait', why: 'revision' }
    }
    const rules = this.#policies.rulesOf(tenant)
    if (rules === undefined) return this.#blocked('POLICY_NOT_LOADED', attempt)
    if (subject.name === '') return this.#blocked('SUBJECT_MISSING', attempt, { rules })
    const directory = this.#directories.directoryOf(tenant, subject)
    if (directory === undefined) return this.#blocked('DIRECTORY_UNKNOWN', attempt, { rules })
    if (!directory.attributesForPolicy) {
      const subject = factsWithoutDirectory(directory.id)
      const ofSubject = this.#rulesOfSubject.withoutDirectory(rules, subject)
      return this.#decide(attempt, rules, subject, ofSubject, directory)
    }
    if (this.#cache.stateOf(directory.id) !== 'ready') {
      return this.#blocked('DIRECTORY_NOT_READY', attempt, { rules, directory })
    }
    const key = keyOf(attempt, directory)
    const principal = this.#cache.remembered(key)
    if (principal !== undefined) return this.#decideFor(attempt, rules, directory, principal)
    const absence = this.#cache.absent(key)
    if (absence !== undefined)
      return this.#blocked(reasonOf[absence], attempt, { rules, directory })
    switch (lookup?.kind) {
      case undefined:
      case 'known':
        // Known and not in memory: a newer entry was about the user, so it is read again.
        return { kind: 'wait', why: 'principal', key }
      case 'unavailable':
        return this.#blocked('DIRECTORY_UNAVAILABLE', attempt, { rules, directory })
      case 'ambiguous':
      case 'unknown': {
        if (lookup.asOf !== this.#cache.applied) return { kind: 'wait', why: 'principal', key }
        return this.#blocked(reasonOf[lookup.kind], attempt, { rules, directory })
      }
    }
  }

  #decideFor(
    attempt: Attempt,
    rules: RuleSet,
    directory: DirectorySettings,
    principal: Principal,
  ): Found {
    const about = { rules, directory, principal }
    if (this.#cache.isHeld(principal)) return this.#blocked('DIRECTORY_UNAVAILABLE', attempt, about)
    if (!principal.active) return this.#blocked('USER_INACTIVE', attempt, about)
    const graph = this.#cache.groupsOf(principal.directory)
    const subject = new PrincipalFacts(principal, graph)
    const ofSubject = this.#rulesOfSubject.of(rules, principal, graph, subject)
    return this.#decide(attempt, rules, subject, ofSubject, directory, principal)
  }

  #decide(
    attempt: Attempt,
    rules: RuleSet,
    subject: SubjectFacts,
    ofSubject: SubjectRules,
    directory: DirectorySettings,
    principal?: Principal,
  ): Found {
    const times = { nowMs: this.#clock.wallMs(), ageMs: this.#vouch.ageMs() }
    const found = decideByRules(rules, attempt, subject, times, ofSubject)
    if (found.kind === 'applicationUnknown') {
      return this.#blocked('APPLICATION_UNKNOWN', attempt, { rules, directory, principal })
    }
    const { application, facts, verdict } = found
    const about = { rules, directory, principal, application }
    const basis: Basis = { rules, application, facts, action: attempt.action }
    if (verdict === undefined) return this.#blocked('NO_RULE', attempt, about, basis)
    const further = this.#further(rules, application, attempt.action, facts, verdict, ofSubject)
    if (verdict.kind === 'none') return this.#blocked('NO_RULE', attempt, about, basis, further)
    const { rule, unknown } = verdict
    const outcome: Answer = {
      kind: 'answer',
      effect: rule.effect,
      reason: 'RULE',
      rule: rule.id,
      subjectId: principal?.id ?? '',
      application: application.name,
      message: rule.effect === 'block' ? rule.message || personMessage.RULE : rule.message,
      obligations: obligationsOf(rule, facts),
      unknown,
      stale: false,
      cacheableForMs: further.cacheableForMs,
      decisionId: this.#nextId(),
      world: this.#world(rules),
      ...further.shadow,
    }
    return looked(outcome, basis, rule.isStrict ? 0 : directory.graceMs)
  }

  /** What an answer by the rules says beside its verdict. */
  #further(
    rules: RuleSet,
    application: Application,
    action: string,
    facts: Facts,
    verdict: Verdict,
    ofSubject: SubjectRules,
  ): Further {
    let cacheableForMs = this.#cacheableMs
    if (cacheableForMs > 0) {
      const untilMs = verdictUntilMs(rules, application, action, facts, verdict, ofSubject)
      cacheableForMs = Math.max(0, Math.min(cacheableForMs, untilMs - facts.nowMs))
    }
    if (rules.rulesFor(application).shadow === undefined) return { cacheableForMs }
    const shadow = () => {
      const rule = evaluateShadow(rules, application, action, facts, verdict, ofSubject)
      return rule === undefined ? undefined : { rule: rule.id, effect: rule.effect }
    }
    return { cacheableForMs, shadow: { shadow } }
  }

  #blocked(
    reason: Reason,
    attempt: Attempt,
    about: About = {},
    basis?: Basis,
    further: Further = nothingFurther,
  ): Looked {
    const { rules = this.#policies.rulesOf(attempt.tenant), principal, application } = about
    const graceMs = about.directory?.graceMs ?? 0
    const block = blockOf(reason, this.#nextId(), this.#world(rules))
    const subjectId = principal?.id ?? ''
    const { cacheableForMs, shadow } = further
    const found = { subjectId, application: application?.name ?? '', cacheableForMs, ...shadow }
    return looked({ ...block, ...found }, basis, graceMs)
  }

  #world(rules: RuleSet | undefined) {
    const policyVersion = rules?.version ?? ''
    return { revision: this.#cache.revisionToken, ageMs: this.#vouch.ageMs(), policyVersion }
  }

  #nextId(): string {
    return this.#idPrefix + (this.#decided++).toString(36)
  }
}

interface Further {
  readonly cacheableForMs: number
  readonly shadow?: Pick<Answer, 'shadow'>
}
const nothingFurther: Further = { cacheableForMs: 0 }

/** What was found before the block. */
interface About {
  readonly rules?: RuleSet | undefined
  readonly directory?: DirectorySettings
  readonly principal?: Principal | undefined
  readonly application?: Application | undefined
}

function outcomeOf({ outcome }: Looked): Outcome {
  return outcome
}

function explanationOf({ outcome, basis }: Looked): Explanation | Refusal {
  return outcome.kind === 'answer' ? explain(outcome, basis) : outcome
}

function keyOf({ subject }: Attempt, directory: DirectorySettings): Wanted {
  const { kind, name } = subject
  return { directory: directory.id, kind, value: lookupValue(kind, name) }
}

const reasonOf = { unknown: 'USER_UNKNOWN', ambiguous: 'SUBJECT_AMBIGUOUS' } as const

/** An attempt waits this long in all: Envoy waits 200 ms for the whole answer. */
const storeWaitMs = 50
