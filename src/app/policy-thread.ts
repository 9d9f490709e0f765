import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Config } from '../config/config.ts'
import type { TenantId } from '../directory/directory.ts'
import {
  type CheckedApplication,
  type CheckedRule,
  parsePolicyDocument,
} from '../policy/checked-policy.ts'
import type { PolicyHead } from '../policy/compile.ts'
import { PolicyDocumentError } from '../policy/errors.ts'
import type { Fault } from '../std/fault.ts'
import { tenancyOf } from './house.ts'
import { PolicyFileError } from './policy-file.ts'
import { type PreparedPolicy, preparePolicyFile } from './prepared-policy.ts'
import { Registries } from './registries.ts'
import { packError, type ThreadError } from './thread-error.ts'

/**
 * The thread that reads, checks, lints and takes apart large policies, so that no decision waits
 * for it. It does one thing, and ends. What is to be compiled goes over in small pieces, each when
 * it is asked for: pieces that came all at once would be taken up all at once.
 */
export interface PolicyStart {
  readonly config: Config
  readonly order: PolicyOrder
}
export type PolicyOrder =
  | {
      readonly kind: 'prepare'
      readonly path: string
      readonly tenant: TenantId
      readonly nowMs: number
    }
  | { readonly kind: 'takeApart'; readonly document: string }

/** What the thread says. */
export type FromPolicyThread =
  | { readonly kind: 'prepared'; readonly policy: PreparedPolicy }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] }
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'failed'; readonly error: ThreadError }
  | { readonly kind: 'head'; readonly head: PolicyHead }
  | { readonly kind: 'applications'; readonly applications: readonly CheckedApplication[] }
  | { readonly kind: 'rules'; readonly rules: readonly CheckedRule[] }
  | { readonly kind: 'whole' }

/** The one thing that the thread is told: go on. */
export type ToPolicyThread = 'next'

/** Taking up so many takes about a millisecond. */
const pieceSize = 100
const port = parentPort as MessagePort
const post = (message: FromPolicyThread) => port.postMessage(message)

try {
  const { config, order } = workerData as PolicyStart
  if (order.kind === 'takeApart') await sendPieces(order.document)
  else {
    const tenancy = tenancyOf(config)
    const parts = { tenancy, registries: new Registries(tenancy) }
    const policy = await preparePolicyFile(order.path, order.tenant, parts, order.nowMs)
    post({ kind: 'prepared', policy })
  }
} catch (error) {
  if (error instanceof PolicyFileError) post({ kind: 'faults', faults: error.faults })
  else if (error instanceof PolicyDocumentError) post({ kind: 'unreadable', why: error.why })
  else post({ kind: 'failed', error: packError(error) })
}
port.close()

async function sendPieces(document: string): Promise<void> {
  const { applications, rules, version, lists, attributesRead } = parsePolicyDocument(document)
  const pieces: FromPolicyThread[] = [{ kind: 'head', head: { version, lists, attributesRead } }]
  for (let from = 0; from < applications.length; from += pieceSize) {
    const some = applications.slice(from, from + pieceSize)
    pieces.push({ kind: 'applications', applications: some })
  }
  for (let from = 0; from < rules.length; from += pieceSize) {
    pieces.push({ kind: 'rules', rules: rules.slice(from, from + pieceSize) })
  }
  for (const piece of [...pieces, { kind: 'whole' } as const]) {
    const asked = new Promise((resolve) => port.once('message', resolve))
    post(piece)
    await asked
  }
}
