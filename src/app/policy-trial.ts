import type { Config } from '../config/config.ts'
import { decideByRules } from '../decision/by-rules.ts'
import type { Answer, Attempt, Explanation } from '../decision/decision.ts'
import { obligationsOf } from '../decision/evaluate.ts'
import { explain } from '../decision/explain.ts'
import { personMessage } from '../decision/messages.ts'
import { DirectoryResolution } from '../decision/subject.ts'
import type { DirectoryId, TenantId } from '../directory/directory.ts'
import { LiveSubjects } from '../insight/live-subjects.ts'
import { runPolicyTests, type TestRun } from '../insight/policy-tests.ts'
import { policyDocument } from '../policy/checked-policy.ts'
import { compilePolicy } from '../policy/compile.ts'
import type { RuleSet } from '../policy/policy.ts'
import { systemClock } from '../std/clock.ts'
import { openHouseStore, type Tenancy, tenancyOf } from './house.ts'
import { PolicyFileError, placed, readPolicyFile, readPolicyTests } from './policy-file.ts'
import { Registries } from './registries.ts'

/** Rule files that are tried out; nothing is published. */
export interface Trial {
  readonly config: Config
  readonly tenant: string
  /** File or folder. */
  readonly path: string
}

interface Tried {
  readonly rules: RuleSet
  readonly tests: Awaited<ReturnType<typeof readPolicyTests>>
  readonly tenancy: Tenancy
  readonly vocabulary: ReturnType<Registries['ofTenant']>
  readonly tenant: TenantId
}

async function read({ config, tenant: id, path }: Trial): Promise<Tried> {
  const tenancy = tenancyOf(config)
  const registries = new Registries(tenancy)
  const tenant = id as TenantId
  const vocabulary = registries.ofTenant(tenant)
  const { policy, tests } = await readPolicyFile(path, tenant, tenancy, registries)
  const rules = compilePolicy(policyDocument(policy), vocabulary)
  return { rules, tests: [...tests, ...(await readPolicyTests(path))], tenancy, vocabulary, tenant }
}

export interface TrialRun extends TestRun {
  readonly version: string
}

/**
 * Runs the tests of rule files, those named alone if some are. `live`: users are those of the store
 * that the config names. @throws {PolicyFileError} for what is wrong with rules or tests
 */
export async function testPolicy(
  trial: Trial,
  { live, only }: { readonly live: boolean; readonly only?: string | undefined },
): Promise<TrialRun> {
  const { rules, tests, tenancy, vocabulary, tenant } = await read(trial)
  await using store = live
    ? await openHouseStore(trial.config, systemClock, { mayWrite: false })
    : undefined
  const subjects = store && (await LiveSubjects.of(store))
  const directories = directoriesOf(tenancy, tenant)
  const wanted = only === undefined ? tests : tests.filter(({ part }) => part.name === only)
  const run = await runPolicyTests(wanted, {
    ...{ rules, vocabulary, tenant, directories },
    ...(subjects && { findUser: (name, directory) => subjects.find(name, directory) }),
  })
  if ('faults' in run) throw new PolicyFileError(await placed(run.faults, trial.path))
  return { ...run, version: rules.version }
}

/** Ids, the default one first. */
function directoriesOf({ directories }: Tenancy, tenant: TenantId): readonly DirectoryId[] {
  const own = directories.filter((directory) => directory.tenant === tenant)
  return own.toSorted((a, b) => Number(b.isDefault) - Number(a.isDefault)).map(({ id }) => id)
}

/**
 * Explains what rule files would answer to an attempt of a user of the store, without a server.
 * @throws {PolicyFileError} {@link StoreUnavailable}
 */
export async function explainPolicy(
  trial: Trial,
  asked: Omit<Attempt, 'tenant'>,
  nowMs: number,
): Promise<Explanation> {
  const { rules, tenancy, tenant } = await read(trial)
  const attempt: Attempt = { ...asked, tenant }
  const world = { revision: '', ageMs: 0, policyVersion: rules.version }
  const blocked = (reason: Answer['reason'], application = ''): Answer => ({
    ...{ kind: 'answer', effect: 'block', reason, rule: '', subjectId: '', application },
    ...{ message: personMessage[reason], obligations: [], unknown: [], stale: false },
    ...{ cacheableForMs: 0, decisionId: '', world },
  })
  const { subject } = attempt
  const directory = new DirectoryResolution(tenancy.directories).directoryOf(tenant, subject)
  if (directory === undefined) return explain(blocked('DIRECTORY_UNKNOWN'), undefined)
  await using store = await openHouseStore(trial.config, systemClock, { mayWrite: false })
  const user = await (await LiveSubjects.of(store)).find(subject.name, directory.id)
  if (user === undefined) return explain(blocked('USER_UNKNOWN'), undefined)
  if (!user.active) return explain(blocked('USER_INACTIVE'), undefined)
  const found = decideByRules(rules, attempt, user.facts, { nowMs, ageMs: 0 })
  if (found.kind === 'applicationUnknown') return explain(blocked('APPLICATION_UNKNOWN'), undefined)
  const { application, facts, verdict } = found
  const basis = { rules, application, facts, action: attempt.action }
  if (verdict?.kind !== 'rule') return explain(blocked('NO_RULE', application.name), basis)
  const { rule, unknown } = verdict
  const answer: Answer = {
    ...blocked('RULE', application.name),
    effect: rule.effect,
    rule: rule.id,
    message: rule.message,
    obligations: obligationsOf(rule, facts),
    unknown,
  }
  return explain(answer, basis)
}
