import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import type { TenantId } from '../directory/directory.ts'
import type { Vocabulary } from '../policy/attribute-at.ts'
import { compilePolicy, RuleSetBuilder } from '../policy/compile.ts'
import { PolicyDocumentError } from '../policy/errors.ts'
import type { RuleSet } from '../policy/policy.ts'
import type { Clock } from '../std/clock.ts'
import { startThread } from '../std/thread.ts'
import { PolicyFileError, policyFiles } from './policy-file.ts'
import type { FromPolicyThread, PolicyOrder, PolicyStart } from './policy-thread.ts'
import { type PreparedPolicy, type PrepareParts, preparePolicyFile } from './prepared-policy.ts'
import { unpackError } from './thread-error.ts'

export interface WorkshopParts extends PrepareParts {
  readonly config: Config
  readonly clock: Clock
}

/**
 * Reads and compiles policies. Small ones where they are needed, which takes a few milliseconds;
 * large ones on a thread of their own, of which pieces come back: a decision waits for one piece
 * at most.
 */
export class PolicyWorkshop {
  readonly #parts: WorkshopParts
  readonly #smallBytesMax: number

  constructor(parts: WorkshopParts, smallBytesMax: number = smallBytes) {
    this.#parts = parts
    this.#smallBytesMax = smallBytesMax
  }

  /** @throws {PolicyFileError} with every fault */
  async prepare(path: string, tenant: TenantId): Promise<PreparedPolicy> {
    const nowMs = this.#parts.clock.wallMs()
    if ((await bytesOf(path)) <= this.#smallBytesMax) {
      return await preparePolicyFile(path, tenant, this.#parts, nowMs)
    }
    const said = await this.#ask({ kind: 'prepare', path, tenant, nowMs }, () => undefined)
    if (said.kind === 'prepared') return said.policy
    throw new Error(`the policy thread said \`${said.kind}\``)
  }

  /** Every condition compiled as well. @throws {PolicyDocumentError} */
  async compile(document: string, tenant: TenantId): Promise<RuleSet> {
    const vocabulary = this.#parts.registries.ofTenant(tenant)
    if (document.length <= this.#smallBytesMax) return compilePolicy(document, vocabulary)
    const rules = await this.#assemble(document, vocabulary)
    await this.#warm(rules)
    return rules
  }

  async #assemble(document: string, vocabulary: Vocabulary): Promise<RuleSet> {
    let builder: RuleSetBuilder | undefined
    await this.#ask({ kind: 'takeApart', document }, (piece) => {
      if (piece.kind === 'head') builder = new RuleSetBuilder(piece.head, vocabulary)
      else if (piece.kind === 'applications') builder?.addApplications(piece.applications)
      else if (piece.kind === 'rules') builder?.addRules(piece.rules)
    })
    if (builder === undefined) throw new Error('the policy thread sent no head')
    return builder.finished()
  }

  /** A rule compiles its conditions when it is first asked: here, before any decision asks. */
  async #warm({ rules }: RuleSet): Promise<void> {
    const { clock } = this.#parts
    let sinceMs = clock.monotonicMs()
    for (const rule of rules) {
      void rule.conditions
      if (clock.monotonicMs() - sinceMs < sliceMs) continue
      await setImmediate()
      sinceMs = clock.monotonicMs()
    }
  }

  /** The last thing that the thread says; `take` is given what comes before it. */
  async #ask(
    order: PolicyOrder,
    take: (piece: FromPolicyThread) => void,
  ): Promise<FromPolicyThread> {
    const { promise, resolve, reject } = Promise.withResolvers<FromPolicyThread>()
    const start: PolicyStart = { config: this.#parts.config, order }
    const thread = startThread(new URL('./policy-thread.ts', import.meta.url), start)
    thread.on('error', reject)
    thread.on('exit', () => reject(new Error('the policy thread ended')))
    thread.on('message', (message: FromPolicyThread) => {
      switch (message.kind) {
        case 'faults':
          return reject(new PolicyFileError(message.faults))
        case 'unreadable':
          return reject(new PolicyDocumentError(message.why))
        case 'failed':
          return reject(unpackError(message.error))
        case 'prepared':
          return resolve(message)
        case 'whole':
          resolve(message)
          return thread.postMessage('next')
        default:
          take(message)
          return thread.postMessage('next')
      }
    })
    return await promise
  }
}

/** About 300 rules: some 10 ms. A thread takes a quarter of a second to start. */
const smallBytes = 100_000
/** A decision waits for one such slice. */
const sliceMs = 1

/** Of all files; what cannot be read is small, and whoever reads it tells why. */
async function bytesOf(path: string): Promise<number> {
  try {
    const { folder, rules } = await policyFiles(path)
    const all = await Promise.all(rules.map((name) => stat(join(folder, name))))
    return all.reduce((sum, { size }) => sum + size, 0)
  } catch {
    return 0
  }
}
