import { describe, expect, test } from 'vitest'
import { attribute, complex, text } from '../../src/directory/attribute-builders.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { compareKeys, readSortOrder, sortKey } from '../../src/scim/sort-order.ts'
import { type Attributes, document } from '../support/store-fixture.ts'

const urn = 'urn:example:params:scim:schemas:extension:badge:2.0:User'
const registry = createSchemaRegistry([
  {
    urn,
    name: 'Badge',
    description: 'Badges.',
    attributes: [
      attribute('since', 'dateTime', 'Since when.'),
      attribute('level', 'integer', 'How high.'),
      attribute('weight', 'decimal', 'How heavy.'),
      text('colours', 'Which.', { multiValued: true }),
      text('pin', 'A secret.', { returned: 'never' }),
      complex('doors', 'Which.', [text('pin', 'A secret.', { returned: 'never' })]),
    ],
  },
])

/** The names of the badges, each named by its place, in the order of one of their attributes. */
function sorted(name: string, badges: readonly Attributes[]): string {
  const order = readSortOrder({ sortBy: `${urn}:${name}` }, registry, ['users'])
  const by = order?.by.get('users')
  const rows = badges.map((badge, at) => ({
    name: String(at),
    key: sortKey(document({ [urn]: document(badge) }), by),
  }))
  return rows
    .toSorted((a, b) => compareKeys(a.key, b.key, false))
    .map((row) => row.name)
    .join('')
}

describe('values are in the order of their type', () => {
  test.each([
    [
      'dates by the instant, whatever the offset',
      'since',
      ['2026-01-01T12:00:00+05:00', '2026-01-01T08:00:00Z', '2026-01-01T00:00:00-06:00'],
      '201',
    ],
    ['what is no date as missing', 'since', ['yesterday', '2026-01-01T08:00:00Z'], '10'],
    ['integers as numbers', 'level', [10, 9, -1, 100], '2103'],
    ['decimals as numbers', 'weight', [1.5, 1.25, 1.75], '102'],
    ['a simple list by its first value', 'colours', [['b', 'a'], ['a', 'z'], []], '102'],
  ] as const)('%s', (_, name, values, expected) => {
    const badges = values.map((value) => ({ [name]: value }) as Attributes)
    expect(sorted(name, badges)).toBe(expected)
  })

  test('numbers come before texts where one name stands for both', () => {
    expect(compareKeys(1, 'a', false)).toBeLessThan(0)
    expect(compareKeys('a', 1, false)).toBeGreaterThan(0)
    expect(compareKeys(undefined, 'a', false)).toBeGreaterThan(0)
    expect(compareKeys(undefined, 1, true)).toBeLessThan(0)
    expect(compareKeys(undefined, undefined, true)).toBe(0)
  })
})

test.each(['pin', 'doors.pin', 'doors'])('nothing is told by an order of %s', (name) => {
  expect(readSortOrder({ sortBy: `${urn}:${name}` }, registry, ['users'])).toBeUndefined()
})
