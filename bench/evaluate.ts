import { evaluate } from '../src/decision/evaluate.ts'
import { createSchemaRegistry } from '../src/directory/schema-registry.ts'
import { policyDocument } from '../src/policy/checked-policy.ts'
import { compilePolicy } from '../src/policy/compile.ts'
import { noContextKeys } from '../src/policy/context-keys.ts'
import type { Application, Facts, RuleSet } from '../src/policy/policy.ts'
import { readPolicy } from '../src/policy/read.ts'
import type { SubjectRules } from '../src/policy/subject-rules.ts'
import { printFaults } from '../src/std/fault.ts'
import { casbinPeer } from './evaluate/casbin.ts'
import { cedarPeer } from './evaluate/cedar.ts'
import { howToInstall, type Peer, peerModule } from './evaluate/peer.ts'
import { naiveDecision } from './support/naive-evaluator.ts'
import { median, Report } from './support/report.ts'
import { attemptOf, seeded, type Workload, workload } from './support/rule-workload.ts'

/** Does an answer cost the same with 10,000 rules as with 10? */
const sizes = [10, 100, 1_000, 10_000] as const
const attemptsMax = 4_096
const rounds = 15
/** Answers of one round: some 50 ms, so that the clock and the collector do not matter. */
const answersPerRound = 200_000
const naivePerRound = 200_000

interface Setup {
  readonly size: number
  readonly policy: Workload
  readonly rules: RuleSet
  readonly attempts: readonly Attempt[]
  readonly compileMs: number
}
interface Attempt {
  readonly application: Application
  readonly facts: Facts
  /** As it is kept with a cached principal. */
  readonly subject: SubjectRules
}

const vocabulary = { registry: createSchemaRegistry(), contextKeys: noContextKeys }

function setUp(size: number): Setup {
  const random = seeded(size)
  const policy = workload(size, random)
  const text = JSON.stringify(policy.file)
  const found = readPolicy([{ file: 'bench.yaml', text }], {
    tenant: 'acme',
    vocabulary,
    directories: ['entra'],
  })
  if (found.kind === 'faults') throw new Error(printFaults(found.faults.slice(0, 5)))
  const document = policyDocument(found.policy)
  const before = performance.now()
  const rules = compilePolicy(document, vocabulary)
  const compileMs = performance.now() - before
  const attempts = Array.from({ length: attemptsMax }, () => {
    const { application, facts } = attemptOf(policy.file.rules, random)
    return {
      application: rules.applications.get(application)!,
      facts,
      subject: rules.subjectRules(facts),
    }
  })
  return { size, policy, rules, attempts, compileMs }
}

/** Kept, so that no answer is computed for nothing. */
let kept = 0

/** Nanoseconds an answer. */
function measure({ rules, attempts }: Setup): number {
  const before = performance.now()
  for (let at = 0; at < answersPerRound; at++) {
    const { application, facts, subject } = attempts[at % attemptsMax]!
    const verdict = evaluate(rules, application, 'connect', facts, subject)
    if (verdict.kind === 'rule') kept += verdict.rule.line
  }
  return ((performance.now() - before) * 1e6) / answersPerRound
}

function measureNaive({ size, policy, attempts }: Setup): number {
  const answers = Math.ceil(naivePerRound / size)
  const before = performance.now()
  for (let at = 0; at < answers; at++) {
    const { application, facts } = attempts[at % attemptsMax]!
    kept += naiveDecision(policy, application.name, facts).length
  }
  return ((performance.now() - before) * 1e6) / answers
}

/** Nanoseconds to work out once for a subject what its rules are. */
function measureSubject({ rules, attempts }: Setup): number {
  const before = performance.now()
  for (const { facts } of attempts) kept += rules.subjectRules(facts).ordinals.length
  return ((performance.now() - before) * 1e6) / attempts.length
}

/** How many answers differ from the naive evaluator's. */
function mismatches({ rules, policy, attempts }: Setup): number {
  return attempts.filter(({ application, facts, subject }) => {
    const verdict = evaluate(rules, application, 'connect', facts, subject)
    const found = verdict.kind === 'rule' ? verdict.rule.id : ''
    return found !== naiveDecision(policy, application.name, facts)
  }).length
}

/** Each peer answers the first attempts of each size, and has to answer them as we do. */
async function comparePeers(): Promise<void> {
  for (const [name, moduleName, make] of peers) {
    const module = peerModule(moduleName)
    if (module === undefined) {
      report.skipped(`evaluate.${name}`, howToInstall)
      continue
    }
    for (const setup of setups) await comparePeer(name, await make(module, setup.policy), setup)
  }
}

async function comparePeer(name: string, peer: Peer, { size, rules, attempts }: Setup) {
  const asked = attempts.slice(0, Math.ceil(peerAnswers / size) + 20)
  const asks = asked.map(({ application, facts }) => peer.prepare(application.name, facts))
  asks[0]!()
  const before = performance.now()
  const found = asks.map((ask) => ask())
  const theirs = ((performance.now() - before) * 1e6) / asks.length
  const differing = asked.filter(({ application, facts, subject }, at) => {
    const verdict = evaluate(rules, application, 'connect', facts, subject)
    return (verdict.kind === 'rule' ? verdict.rule.effect : 'block') !== found[at]
  }).length
  const agreed = `${differing} of ${asks.length} differ`
  report.figure(`evaluate.${name}_${size}`, `${(theirs / 1_000).toFixed(1)} µs, ${agreed}`)
  wrong += differing
  if (size === 10_000) {
    report.ratio(`evaluate.vs_${name}_10k`, theirs / nsPerAnswer(size), 1_000)
  }
}

/** What a peer is asked at ten rules; fewer where each answer takes longer. */
const peerAnswers = 20_000
const peers: readonly (readonly [string, string, Make])[] = [
  ['cedar', '@cedar-policy/cedar-wasm/nodejs', cedarPeer as Make],
  ['casbin', 'casbin', casbinPeer as Make],
]
type Make = (module: unknown, policy: Workload) => Peer | Promise<Peer>

const report = new Report()
report.header(
  'does an answer cost the same with 10,000 rules as with 10?',
  `${attemptsMax} random attempts, ${rounds} alternating rounds of ${answersPerRound} answers, ten rules an application`,
)
const setups = sizes.map(setUp)
let wrong = setups.reduce((sum, setup) => sum + mismatches(setup), 0)
report.figure('evaluate.mismatches', `${wrong} of ${sizes.length * attemptsMax}`)
for (const setup of setups) measure(setup)

const ours = new Map<number, number[]>(sizes.map((size) => [size, []]))
const subject = new Map<number, number[]>(sizes.map((size) => [size, []]))
const naive = new Map<number, number[]>(sizes.map((size) => [size, []]))
for (let round = 0; round < rounds; round++) {
  for (const setup of setups) {
    ours.get(setup.size)!.push(measure(setup))
    naive.get(setup.size)!.push(measureNaive(setup))
  }
}
for (let round = 0; round < rounds; round++) {
  for (const setup of setups) subject.get(setup.size)!.push(measureSubject(setup))
}
const nsPerAnswer = (size: number) => median(ours.get(size)!)
for (const { size, compileMs } of setups) {
  const times = `p50 ${nsPerAnswer(size).toFixed(0)} ns`
  const others = `naive ${median(naive.get(size)!).toFixed(0)} ns, compiled in ${compileMs.toFixed(0)} ms`
  report.figure(`evaluate.rules_${size}`, `${times}, ${others}`)
  const once = (median(subject.get(size)!) / 1_000).toFixed(1)
  report.figure(`evaluate.subject_${size}`, `${once} µs once for a subject`)
}
await comparePeers()
report.ratio('evaluate.flat_10k', nsPerAnswer(10) / nsPerAnswer(10_000), 0.3)
process.exitCode = wrong === 0 && kept > 0 ? 0 : 1
