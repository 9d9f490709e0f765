import type { IncomingHttpHeaders } from 'node:http2'
import type { Server } from '@grpc/grpc-js'
import { http2ServersOf } from './internals.ts'

/**
 * Has compressed messages refused with UNIMPLEMENTED, as HTTP refuses compressed bodies. grpc-js
 * unpacks and reads at once all that has arrived of a call, before anybody is asked who sent it:
 * 27 KB took 800 MB. There is no option for that, but an encoding it does not know it refuses.
 */
export function refuseCompressed(server: Server): void {
  for (const http2Server of http2ServersOf(server)) {
    http2Server.prependListener('stream', (_stream: unknown, headers: IncomingHttpHeaders) => {
      const encoding = headers['grpc-encoding']
      if (encoding === 'gzip' || encoding === 'deflate') {
        headers['grpc-encoding'] = `${encoding} (not accepted)`
      }
    })
  }
}
