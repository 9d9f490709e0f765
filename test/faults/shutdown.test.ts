import { once } from 'node:events'
import { expect, test } from 'vitest'
import { SallyportClient } from '../../src/client/client.ts'
import { systemClock } from '../../src/std/clock.ts'
import { userBody } from '../scim-http/scim-fixture.ts'
import { endOf, Gateway } from '../support/gateway.ts'
import { callHeaders, dataFrames, headerFrames, message, Wire } from '../support/http2-frames.ts'
import { serveCli } from '../support/run-cli.ts'
import { scimClient, tokenFrom, workspace } from '../support/workspace.ts'

const rounds = 3
const askWiki = { subject: { user_name: 'ann@acme.example' }, application: 'wiki' }
const stopMsMax = 10_000

test('a stop under load with everything open ends with 0, and fails no call before its time', async () => {
  const place = workspace()
  const { token } = await tokenFrom(place)
  for (let round = 0; round < rounds; round++) {
    await using served = await serveCli(place.file)
    await scimClient(served, token)('POST', '/Users', userBody('ann@acme.example'))
    const port = Number(served.ready.grpc.split(':')[1])
    using streaming = new Gateway({ address: served.ready.grpc })
    using client = SallyportClient.connect(served.ready.grpc)
    const idle = streaming.openStream()
    const busy = streaming.openStream()
    // Owes nothing by the server's count, so nothing but the end of the grace ends it.
    using stuck = new Wire(port)
    stuck.send(headerFrames(callHeaders()), dataFrames(message(9), 1, { ends: false }))
    using watch = new Wire(port)
    watch.send(headerFrames(callHeaders('/grpc.health.v1.Health/Watch')), dataFrames(message(0)))
    const ended = [idle, busy].map(endOf)
    let [stoppedMs, going, answered] = [Infinity, true, 0]
    const early: string[] = []
    const fill = () => busy.write({ requests: Array(50).fill(askWiki) })
    busy.on('data', fill)
    fill()
    const asking = Array.from({ length: 4 }, async () => {
      while (going) {
        const startedMs = performance.now()
        const request = { user: 'ann@acme.example', app: 'wiki', timeoutMs: 5000 }
        const { allowed, reason } = await client.check(request)
        if (allowed) answered++
        else if (startedMs - stoppedMs < lingerMs) early.push(reason)
      }
    })
    while (answered < 50) await systemClock.sleep(5)

    const exited = once(served.child, 'exit')
    stoppedMs = performance.now()
    served.child.kill('SIGTERM')

    expect(await exited).toEqual([0, null])
    expect(performance.now() - stoppedMs).toBeLessThan(stopMsMax)
    expect(await Promise.all(ended)).toEqual(['UNAVAILABLE', 'UNAVAILABLE'])
    going = false
    await Promise.all([...asking, stuck.closed, watch.closed])
    expect(early).toEqual([])
  }
})
/** For so long after a signal everything is answered as before. */
const lingerMs = 1_900
