import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDateTime } from '../../src/directory/date-time.ts'

test.each([
  ['1970-01-01T00:00:00Z', 0],
  ['2008-01-23T04:56:22Z', Date.UTC(2008, 0, 23, 4, 56, 22)],
  ['2008-01-23t04:56:22z', Date.UTC(2008, 0, 23, 4, 56, 22)],
  ['2011-05-13T04:42:34.5Z', Date.UTC(2011, 4, 13, 4, 42, 34, 500)],
  ['2011-05-13T06:42:34+02:00', Date.UTC(2011, 4, 13, 4, 42, 34)],
  ['2011-05-12T23:12:34-05:30', Date.UTC(2011, 4, 13, 4, 42, 34)],
  ['2024-02-29T23:59:59-00:00', Date.UTC(2024, 1, 29, 23, 59, 59)],
  ['0050-01-01T00:00:00Z', -60_589_296_000_000],
  ['1970-01-01T00:00:00.0005Z', 0.5],
])('%s is an instant', (text, ms) => {
  expect(parseDateTime(text)).toBe(ms)
})

test.each([
  ['no offset', '2011-05-13T04:42:34'],
  ['a date alone', '2011-05-13'],
  ['a blank for the T', '2011-05-13 04:42:34Z'],
  ['no seconds', '2011-05-13T04:42Z'],
  ['a 13th month', '2011-13-13T04:42:34Z'],
  ['month 0', '2011-00-13T04:42:34Z'],
  ['day 0', '2011-05-00T04:42:34Z'],
  ['a 29th of February in a common year', '2023-02-29T00:00:00Z'],
  ['a 29th of February in 1900', '1900-02-29T00:00:00Z'],
  ['a 31st of April', '2011-04-31T00:00:00Z'],
  ['hour 24', '2011-05-13T24:00:00Z'],
  ['minute 60', '2011-05-13T23:60:00Z'],
  ['a leap second', '2016-12-31T23:59:60Z'],
  ['a point without digits', '2011-05-13T04:42:34.Z'],
  ['an offset without colon', '2011-05-13T04:42:34+0200'],
  ['an offset of a day', '2011-05-13T04:42:34+24:00'],
  ['something behind the zone', '2011-05-13T04:42:34Z!'],
  ['a blank before it', ' 2011-05-13T04:42:34Z'],
  ['digits that are not ASCII', '２011-05-13T04:42:34Z'],
  ['a sign in a number', '+011-05-13T04:42:34Z'],
  ['words', 'tomorrow'],
  ['nothing', ''],
  ['a fraction without end', `2011-05-13T04:42:34.${'0'.repeat(100)}Z`],
])('%s makes it no instant', (_, text) => {
  expect(parseDateTime(text)).toBeUndefined()
})

test('every instant that JavaScript writes is read back', () => {
  const date = fc.date({
    min: new Date('0000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(date, (instant) => {
      expect(parseDateTime(instant.toISOString())).toBe(instant.getTime())
    }),
  )
})
