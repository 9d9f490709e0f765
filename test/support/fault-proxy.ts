import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * A TCP proxy that breaks links the way networks do. `cut` leaves every connection up while nothing
 * passes any more, neither way, as a pulled cable does; new ones are taken and stay silent.
 */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number
  /** Leads new connections elsewhere. */
  retarget(port: number): void
  cut(): void
  /** What was held back is lost with its connections; new ones work. */
  heal(): void
  /** Each piece of data is held back for so long, each way. */
  delay(ms: number): void
  /** Bytes a second, each way; 0: as many as there are. */
  throttle(bytesPerSecond: number): void
  /** Resets every connection that is open. */
  reset(): void
  /** Turns over a bit in every so many bytes that come from the server; 0: in none. */
  corrupt(everyBytes: number): void
}

export async function faultProxy(target: number): Promise<FaultProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  const state = { target, isCut: false, delayMs: 0, bytesPerSecond: 0, corruptEvery: 0 }
  const server = createServer((inner) => {
    const outer = connect({ host: '127.0.0.1', port: state.target })
    const pair = [inner, outer] as const
    pairs.add(pair)
    pipe(inner, outer, state, false)
    pipe(outer, inner, state, true)
    for (const socket of pair) {
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        pairs.delete(pair)
        if (!state.isCut) for (const each of pair) each.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const end = (how: 'destroy' | 'resetAndDestroy') => {
    for (const pair of pairs) for (const socket of pair) socket[how]()
    pairs.clear()
  }
  return {
    port: (server.address() as { readonly port: number }).port,
    retarget: (port) => {
      state.target = port
    },
    cut: () => {
      state.isCut = true
    },
    heal: () => {
      state.isCut = false
      end('destroy')
    },
    delay: (ms) => {
      state.delayMs = ms
    },
    throttle: (bytes) => {
      state.bytesPerSecond = bytes
    },
    reset: () => end('resetAndDestroy'),
    corrupt: (every) => {
      state.corruptEvery = every
    },
    [Symbol.asyncDispose]: async () => {
      end('destroy')
      server.close()
      await once(server, 'close')
    },
  }
}

interface State {
  readonly isCut: boolean
  readonly delayMs: number
  readonly bytesPerSecond: number
  readonly corruptEvery: number
}

function pipe(from: Socket, to: Socket, state: State, isReply: boolean): void {
  let freeAtMs = 0
  let passed = 0
  from.on('data', (data: Buffer) => {
    if (state.isCut) return
    const { corruptEvery } = state
    for (let at = 0; isReply && corruptEvery > 0 && at < data.length; at++) {
      passed++
      if (passed % corruptEvery === 0) data[at]! ^= 0x10
    }
    const now = performance.now()
    const takesMs = state.bytesPerSecond > 0 ? (data.length / state.bytesPerSecond) * 1_000 : 0
    freeAtMs = Math.max(freeAtMs, now + state.delayMs) + takesMs
    if (freeAtMs <= now) {
      to.write(data)
      return
    }
    setTimeout(() => {
      if (!state.isCut && to.writable) to.write(data)
    }, freeAtMs - now)
  })
}
