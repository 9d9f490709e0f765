import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  batchBytesMax,
  bodyBytesMax,
  bodyDepthMax,
  candidatesMax,
  pageLimitDefault,
  pageLimitMax,
  searchLine,
  searchWaitMsMax,
  timeouts,
} from '../../src/authzen/limits.ts'
import { batchMax, keysMax, valueLengthMax } from '../../src/decision/attempt-limits.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/authzen.md'), 'utf8')
const shown = (limit: number) => limit.toLocaleString('en')

test.each([
  [`up to ${batchMax} \`evaluations\``],
  [`\`page.limit\` is ${pageLimitDefault} unless said, and ${shown(pageLimitMax)} at most`],
  [`ends after ${shown(candidatesMax)} candidates or a second`],
  [`body over ${bodyBytesMax / 1024} KiB (a batch: ${batchBytesMax / 1024} KiB)`],
  [`headers took more than ${timeouts.headersTimeout / 1000} s`],
  [`at most ${bodyDepthMax} levels deep`],
  [`at most ${keysMax} keys, a value ${shown(valueLengthMax)} characters`],
  [`${['no', 'one', 'two'][searchLine.atOnce]} at a time`],
  [`up to ${['no', 'one', 'two'][searchWaitMsMax / 1000]}\nseconds`],
])('docs/authzen.md has the limit that the code has: %s', (limit) => {
  expect(text).toContain(limit)
})
