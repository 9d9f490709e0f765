import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { sortedInSlices } from '../../src/std/sorted-in-slices.ts'
import { TimeSlice } from '../../src/std/time-slice.ts'

const byTens = (a: number, b: number) => Math.floor(a / 10) - Math.floor(b / 10)

test('what is sorted in slices is sorted as at once, ties in the order they came', async () => {
  const lengths = fc.constantFrom(0, 1, 2, 999, 1_000, 1_001, 3_500, 8_000)
  await fc.assert(
    fc.asyncProperty(lengths, fc.infiniteStream(fc.nat(500)), async (length, numbers) => {
      const items = [...numbers.take(length)]
      const sorted = await sortedInSlices(items, byTens, new TimeSlice(systemClock))
      expect(sorted).toEqual(items.toSorted(byTens))
    }),
    { numRuns: 30 },
  )
})

test('others have their turn meanwhile', async () => {
  let [nowMs, turns] = [0, 0]
  // Each look at the clock is a long while after the one before.
  const clock = { ...systemClock, monotonicMs: () => (nowMs += 100) }
  const other = () => {
    turns += 1
    pending = setImmediate(other)
  }
  let pending = setImmediate(other)
  const items = Array.from({ length: 4_000 }, (_, index) => -index)
  await sortedInSlices(items, (a, b) => a - b, new TimeSlice(clock))
  clearImmediate(pending)
  expect(turns).toBeGreaterThanOrEqual(10)
})
