import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareText } from '../../src/directory/text-order.ts'

const text = fc.string({ unit: 'binary' })

test('texts are in the order of their UTF-8, which SQLite sorts by', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b))
      expect(Math.sign(compareText(a, b))).toBe(bytes)
    }),
  )
})

test('what lies beyond U+FFFF comes after everything below, and a beginning before the whole', () => {
  const texts = ['\u{10000}', '\uffff', '\ud7ff', 'ab', 'a', '', '\u{10ffff}', '\ue000']
  expect(texts.toSorted(compareText)).toEqual([
    ...['', 'a', 'ab', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'],
  ])
})
