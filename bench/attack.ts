import { parseArgs } from 'node:util'
import { heldBy, startAttack } from '../test/support/attack.ts'
import { type AttackName, attacks } from '../test/support/frame-attacks.ts'
import { Gateway } from '../test/support/gateway.ts'
import { serveCli } from '../test/support/run-cli.ts'
import { workspace } from '../test/support/workspace.ts'
import { percentile, Report } from './support/report.ts'

/**
 * What does somebody who attacks cost those who ask meanwhile? Four connections that are made anew
 * whenever the server ends them, and one gateway that asks one thing after the other, on the
 * machine of the server.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const attackers = 4
/** Streams a second of a rapid reset as it was seen in the wild, for one small server. */
const usual = 35_000
const askWiki = { subject: { user_name: 'ann@acme.example' }, application: 'wiki' }
const warmUps = 3_000

const report = new Report(values.json)
report.header(
  'What does an attack cost those who ask meanwhile?',
  `${attackers} attackers for ${seconds} s each, one gateway, one after the other, loopback`,
)
await using served = await serveCli(workspace().file)
const port = Number(served.ready.grpc.split(':')[1])
using gateway = new Gateway({ address: served.ready.grpc })
await timesUntil(performance.now() + 1_000, warmUps)
await measure('resets its own calls', usual)
for (const attack of Object.keys(attacks) as AttackName[]) await measure(attack)

async function measure(attack: AttackName, perSecond?: number): Promise<void> {
  const before = heldBy(served.child.pid!).megabytes
  const attacking = startAttack({ port, attack, connections: attackers, reads: true, perSecond })
  const { times, failed } = await timesUntil(performance.now() + seconds * 1000)
  const { streams, connections } = await attacking.stop()
  const grown = heldBy(served.child.pid!).megabytes - before
  const rate = Math.round(streams / seconds).toLocaleString('en')
  report.figure(
    attack,
    `${rate}/s on ${connections} connections; ` +
      `asked ${times.length}, failed ${failed}, p50 ${ms(times, 50)}, p99 ${ms(times, 99)}; ` +
      `memory ${grown < 0 ? '' : '+'}${grown.toFixed(0)} MB`,
  )
}

async function timesUntil(endMs: number, atLeast = 0) {
  const times: number[] = []
  let failed = 0
  while (performance.now() < endMs || times.length < atLeast) {
    const startMs = performance.now()
    const { code } = await gateway.ask('Check', askWiki)
    times.push(performance.now() - startMs)
    if (code !== 'OK') failed++
  }
  return { times, failed }
}

function ms(times: readonly number[], percent: number): string {
  return `${percentile(times, percent).toFixed(1)} ms`
}
