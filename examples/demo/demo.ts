import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CheckRequest, SallyportClient } from '../../src/client/client.ts'
import { type Morning, openMorning } from './server.ts'

/**
 * A morning in the life of one door: an identity provider provisions as Entra ID does, over HTTP;
 * a gateway asks over gRPC; somebody is fired, and the door closes. Everything is a process of its
 * own and goes over the real wires; the times are measured, not told.
 */
const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'))
try {
  copyFileSync(join(import.meta.dirname, 'policy.yaml'), join(folder, 'policy.yaml'))
  await using morning = await openMorning(folder)
  using gateway = SallyportClient.connect(morning.grpc)
  await playMorning(morning, gateway)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function playMorning(morning: Morning, gateway: SallyportClient): Promise<void> {
  const { scim } = morning
  const ask = async (who: string, request: Partial<CheckRequest>) => {
    const user = `${who}@acme.example`
    const context = { posture: { 'disk-encrypted': true } }
    const decision = await gateway.check({ user, context, timeoutMs: 2000, ...request })
    const by = decision.rule === '' ? decision.reason : `rule ${decision.rule}`
    const target = request.app ?? request.host ?? ''
    say(`       gateway: ${who} → ${target}: ${decision.effect.toUpperCase()} (${by})`)
    return decision
  }

  say('08:00  The identity provider tests the connection: one look-up that finds nobody.')
  const probe = await scim('GET', `/Users?filter=userName eq "${randomUUID()}"`)
  say(`       SCIM ${probe.status}, totalResults ${probe.body.totalResults}`)

  say('08:05  It provisions Ann and Bob, and the group Finance with Ann in it.')
  const ann = await scim('POST', '/Users', newUser('ann'))
  const bob = await scim('POST', '/Users', newUser('bob'))
  const finance = await scim('POST', '/Groups', {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'Finance',
    externalId: randomUUID(),
  })
  await scim('PATCH', `/Groups/${finance.body.id}`, addMember(ann.body.id))
  await ask('ann', { app: 'payroll' })
  await ask('bob', { app: 'payroll' })
  await ask('ann', { host: 'payroll.acme.example', port: 443 })
  await ask('ann', { app: 'payroll', context: {} })
  await ask('mallory', { app: 'wiki' })

  say('09:30  Bob moves to Finance.')
  await scim('PATCH', `/Groups/${finance.body.id}`, addMember(bob.body.id))
  await ask('bob', { app: 'payroll' })

  say('10:00  Ann is dismissed while her gateway asks without a pause.')
  await dismiss(morning, gateway, String(ann.body.id))
  await ask('ann', { app: 'payroll' })

  say('10:01  Why? The gateway asks for an explanation of a block.')
  const why = await gateway.explain({ user: 'bob@acme.example', app: 'payroll', timeoutMs: 2000 })
  say(why.text.replace(/^/gm, '       '))

  say('10:15  The wiki is closed: the rule file changes, nobody restarts anything.')
  await ask('bob', { app: 'wiki' })
  const closed = [
    'version: 1',
    'applications: { wiki: { hosts: ["*.wiki.acme.example"] } }',
    'rules: []',
  ]
  writeFileSync(join(folder, 'policy.yaml'), `${closed.join('\n')}\n`)
  const changed = performance.now()
  while ((await gateway.check({ user: 'bob@acme.example', app: 'wiki' })).allowed) await pause(20)
  say(`       in use ${((performance.now() - changed) / 1000).toFixed(1)} s after the file changed`)
  await ask('bob', { app: 'wiki' })
}

/** Counts what the gateway was told before and after the SCIM answer arrived. */
async function dismiss(morning: Morning, gateway: SallyportClient, id: string): Promise<void> {
  const request: CheckRequest = {
    user: 'ann@acme.example',
    app: 'payroll',
    context: { posture: { 'disk-encrypted': true } },
    timeoutMs: 2000,
  }
  let answeredAt = Number.POSITIVE_INFINITY
  let firstBlockAt = Number.POSITIVE_INFINITY
  let allowsBefore = 0
  let allowsAfter = 0
  let going = true
  const asking = Array.from({ length: 8 }, async () => {
    while (going) {
      const startedAt = performance.now()
      const { allowed } = await gateway.check(request)
      if (!allowed) firstBlockAt = Math.min(firstBlockAt, performance.now())
      else if (startedAt > answeredAt) allowsAfter++
      else allowsBefore++
    }
  })
  await pause(300)
  const sentAt = performance.now()
  // What Entra ID sends today: a capital Replace and the string "False".
  await morning.scim('PATCH', `/Users/${id}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
  })
  answeredAt = performance.now()
  await pause(300)
  going = false
  await Promise.all(asking)
  const ms = (value: number) => `${value.toFixed(2)} ms`
  say(`       SCIM answered after ${ms(answeredAt - sentAt)}`)
  const early = answeredAt - firstBlockAt
  const when = early >= 0 ? `${ms(early)} before` : `${ms(-early)} after`
  say(`       first block reached the gateway ${when} the SCIM answer reached the provider`)
  say(`       ${allowsBefore} allows before the answer, ${allowsAfter} asked for after it`)
  if (allowsAfter > 0) process.exitCode = 1
}

function newUser(name: string) {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    externalId: randomUUID(),
    userName: `${name}@acme.example`,
    active: true,
    displayName: name,
    emails: [{ primary: true, type: 'work', value: `${name}@acme.example` }],
    name: { givenName: name, familyName: 'Acme' },
    roles: [],
  }
}

function addMember(id: unknown) {
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'Add', path: 'members', value: [{ $ref: null, value: id }] }],
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
