import { join } from 'node:path'
import { loadSync } from '@grpc/proto-loader'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameOf, withMinRevision } from '../../src/client/frame.ts'
import { encodeRequest } from '../../src/client/requests.ts'

interface Decoded {
  deserialize(bytes: Uint8Array): {
    readonly requests: readonly { readonly [field: string]: unknown }[]
  }
}
const definitions = loadSync('sallyport/v1/decision.proto', {
  includeDirs: [join(import.meta.dirname, '../../proto')],
  keepCase: true,
})
const decode = (name: string) => definitions[`sallyport.v1.${name}`] as unknown as Decoded

test('a frame is the message of its requests, whatever their ids and lengths', () => {
  const item = fc.record({
    id: fc.oneof(fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.constantFrom(1, 127, 128, 2 ** 31)),
    user: fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('x'.repeat(120), 'y'.repeat(20_000)),
    ),
    revision: fc.option(fc.string({ minLength: 1, maxLength: 256 }), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 20 }), (items) => {
      const frame = frameOf(
        items.map(({ id, user, revision }) => {
          const body = encodeRequest({ user, app: 'wiki' })
          return { id, body: revision === undefined ? body : withMinRevision(body, revision) }
        }),
      )
      expect(decode('CheckBatchRequest').deserialize(frame).requests).toEqual(
        items.map(({ id, user, revision }) => ({
          id,
          subject: { user_name: user },
          application: 'wiki',
          ...(revision !== undefined && { min_revision: revision }),
        })),
      )
    }),
    { numRuns: 300 },
  )
})
