import { setTimeout as sleep } from 'node:timers/promises'
import { SallyportClient } from '../../src/client/client.ts'
import { generalServiceDefinition } from '../../src/grpc/messages.ts'
import type { ServedVariant } from '../support/servers.ts'
import { type Question, userName } from './world.ts'

/** What a gateway sends along with every attempt of these benches. */
const context = { country: 'DE', risk: 'low', 'posture.disk-encrypted': true }

/** The attempt of a question as a message of `sallyport.v1`. */
function requestOf({ user, host }: Question): object {
  return {
    subject: { user_name: user },
    destination: { host, port: 443, protocol: 'tcp' },
    context: {
      country: { string: context.country },
      risk: { string: context.risk },
      'posture.disk-encrypted': { bool: context['posture.disk-encrypted'] },
    },
  }
}

/** The same attempt as the body of an AuthZEN Access Evaluation. */
export function evaluationOf({ user, host }: Question): object {
  const { country, risk } = context
  return {
    subject: { type: 'user', id: user },
    action: { name: 'connect' },
    resource: {
      type: 'destination',
      id: `${host}:443`,
      properties: { host, port: 443, protocol: 'tcp' },
    },
    context: { country, risk, posture: { 'disk-encrypted': context['posture.disk-encrypted'] } },
  }
}

export function encodedRequest(question: Question): Buffer {
  return generalServiceDefinition.Check!.requestSerialize(requestOf(question))
}

/** Messages of a stream, one after the other, of so many attempts each; what is over is left out. */
export function encodedBatches(questions: readonly Question[], batch: number): Buffer {
  const messages: Buffer[] = []
  for (let from = 0; from + batch <= questions.length; from += batch) {
    messages.push(framed(encodedBatch(questions.slice(from, from + batch))))
  }
  return Buffer.concat(messages)
}

/** Its attempts are numbered from 0. */
function encodedBatch(questions: readonly Question[]): Buffer {
  const requests = questions.map((question, id) => ({ id, ...requestOf(question) }))
  return generalServiceDefinition.CheckStream!.requestSerialize({ requests })
}

/** A message with the length prefix of gRPC, as it stands in the body of a call. */
export function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** Where `Check` of a server is called. */
export function checkUrl({ ready }: ServedVariant): string {
  return `http://${ready.grpc}${generalServiceDefinition.Check!.path}`
}

/** As a gateway that has been running for a while: each of the first users was seen before. */
export async function warmPrincipals(server: ServedVariant, users: number): Promise<void> {
  using client = SallyportClient.connect(server.ready.grpc!)
  const chunk = 64
  for (let from = 0; from < users; from += chunk) {
    const some = [...Array(Math.min(chunk, users - from)).keys()]
    const answers = await Promise.all(
      some.map((n) => client.check({ user: userName(from + n), app: 'app-0000', timeoutMs: 5000 })),
    )
    const failed = answers.find(({ wire, reason }) => wire || reason.startsWith('DIRECTORY'))
    if (failed) throw new Error(`warming failed: ${failed.reason} ${failed.wire?.detail ?? ''}`)
  }
}

/** Waits until nobody is read into memory any more: that shares the core with what is measured. */
export async function warmedUp({ ready }: ServedVariant): Promise<void> {
  for (let before = -1; ; await sleep(1_500)) {
    const metrics = await (await fetch(`${ready.admin}/metrics`)).text()
    const principals = Number(/^sallyport_cache_principals (\d+)/m.exec(metrics)?.[1])
    if (principals === before) return
    before = principals
  }
}

/** That the answers measured are the right ones. */
export async function expectAllowed(
  server: ServedVariant,
  questions: readonly Question[],
): Promise<void> {
  using client = SallyportClient.connect(server.ready.grpc!)
  for (const { user, host, rule } of questions) {
    const destination = { host, port: 443, protocol: 'tcp' }
    const answer = await client.check({ user, ...destination, context, timeoutMs: 5000 })
    if (answer.allowed && answer.rule === rule) continue
    const got = `${answer.effect} ${answer.reason} ${answer.rule}`
    throw new Error(`expected allow by ${rule} for ${user}, got ${got}`)
  }
}
