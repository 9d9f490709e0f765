import fc from 'fast-check'
import { enterpriseUrn, userUrn } from '../scim-http/scim-fixture.ts'

/** Filters, paths and JSON as a careless client, an attacker or line noise would send them. */

export const hostileNames = [
  '__proto__',
  '__proto__.x',
  'constructor',
  'constructor.prototype',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'length',
]
const realNames = [
  'userName',
  'USERNAME',
  'id',
  'externalId',
  'active',
  'displayName',
  'name.givenName',
  'emails',
  'emails.value',
  'emails.primary',
  'addresses.locality',
  'meta.lastModified',
  'groups.value',
  'members',
  'members.value',
  'schemas',
  'roles',
  'manager',
  `${userUrn}:userName`,
  `${enterpriseUrn}:department`,
  `${enterpriseUrn}:manager.value`,
  enterpriseUrn,
]
const soup = fc
  .array(
    fc.constantFrom('urn', ':', '::', '2.0', 'User', '.', '..', 'ietf', '$ref', '-', '_', '%00'),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''))
const attributeName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...realNames) },
  fc.constantFrom(...hostileNames, 'not', 'and', 'or', 'pr', 'eq'),
  soup,
)

/** Combining marks, which take a time square to their number to put in order; escapes; much of it. */
const content = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'work',
    'ann@acme.example',
    '"',
    '\\',
    '\u0000',
    '\ud800',
    '\u212a',
    '\ufb01',
  ),
  fc.nat({ max: 3_000 }).map((count) => 'a\u0301\u0323'.repeat(count)),
  fc.nat({ max: 9_000 }).map((count) => 'a'.repeat(count)),
  fc.nat({ max: 3_000 }).map((count) => '\\'.repeat(count)),
  fc.string({ unit: 'binary', maxLength: 30 }),
)
const operand = fc.oneof(
  { weight: 4, arbitrary: content.map((text) => JSON.stringify(text)) },
  content.map((text) => `"${text}"`),
  fc.constantFrom(
    'true',
    'False',
    'null',
    '1',
    '-0',
    '1e999',
    '0x10',
    '01',
    "'x'",
    'x',
    '""',
    '"\\u00',
    '"\\',
  ),
  fc.constantFrom('"2026-01-31T08:00:00Z"', '"2026-01-31"', '"275760-09-13T00:00:00.001Z"'),
)
const operator = fc.constantFrom(
  'eq',
  'ne',
  'co',
  'sw',
  'ew',
  'gt',
  'GE',
  'lt',
  'Le',
  'pr',
  'in',
  '',
  '=',
)
const blank = fc.constantFrom(' ', ' ', ' ', '  ', '\t', '')

const comparison = fc
  .tuple(attributeName, blank, operator, blank, operand)
  .map(([name, one, op, two, value]) => `${name}${one}${op}${two}${op === 'pr' ? '' : value}`)

const grammar = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'filter' },
    { weight: 4, arbitrary: comparison },
    tie('filter').map((filter) => `(${filter})`),
    tie('filter').map((filter) => `not (${filter})`),
    fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `${a} and ${b}`),
    fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `${a} or ${b}`),
    fc.tuple(attributeName, tie('filter')).map(([name, filter]) => `${name}[${filter}]`),
    fc
      .tuple(attributeName, tie('filter'), attributeName)
      .map(([name, filter, sub]) => `${name}[${filter}].${sub} eq "x"`),
  ),
})).filter

/** The same thing again and again, as deep or as long as it goes. */
const much = fc
  .tuple(
    fc.constantFrom(
      ['(', 'title pr', ')'],
      ['not (', 'title pr', ')'],
      ['', 'title pr', ' or title pr'],
      ['', 'userName co "aaaaaaaaaaaaaaaaaaaaaaaa!"', ' and userName co "aaaaaaaaaaaaaaaa!"'],
      ['emails[', 'value pr', ']'],
      ['emails[(', 'value co "a"', ')]'],
      ['', 'x', '.x'],
      ['', 'x', ':x'],
      ['[', '', ''],
      ['', '"', '\\'],
    ),
    fc.oneof(fc.nat({ max: 70 }), fc.nat({ max: 20_000 })),
    fc.boolean(),
  )
  .map(
    ([[open = '', middle = '', close = ''], count, isClosed]) =>
      `${open.repeat(count)}${middle}${isClosed ? close.repeat(count) : ''}`,
  )

const scraps = [
  '(',
  ')',
  '[',
  ']',
  '"',
  '\\',
  '.',
  ':',
  ' ',
  '\u0000',
  '\u0301',
  '\ud800',
  'not (',
  ' or ',
  '{',
  '}',
  ',',
]

/** A text with some of it cut out, said twice, or put where it does not belong. */
export function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(),
    length: fc.nat({ max: 20 }),
    how: fc.constantFrom('cut', 'twice', 'scrap'),
    scrap: fc.constantFrom(...scraps),
  })
  return fc.tuple(text, fc.array(edit, { maxLength: 4 })).map(([start, edits]) => {
    let result = start
    for (const { at, length, how, scrap } of edits) {
      const from = at % (result.length + 1)
      const [head, part, tail] = [
        result.slice(0, from),
        result.slice(from, from + length),
        result.slice(from + length),
      ]
      if (how === 'cut') result = head + tail
      else result = how === 'twice' ? head + part + part + tail : head + scrap + part + tail
    }
    return result
  })
}

export const hostileFilter = fc.oneof(
  { weight: 4, arbitrary: grammar },
  { weight: 3, arbitrary: mutated(grammar) },
  { weight: 2, arbitrary: much },
  content,
)

export const hostilePath = fc.oneof(
  { weight: 3, arbitrary: attributeName },
  fc.tuple(attributeName, attributeName).map(([a, b]) => `${a}.${b}`),
  {
    weight: 3,
    arbitrary: fc.tuple(attributeName, grammar).map(([a, filter]) => `${a}[${filter}]`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(attributeName, grammar, attributeName)
      .map(([a, filter, sub]) => `${a}[${filter}].${sub}`),
  },
  mutated(
    fc.constantFrom(
      'emails[type eq "work"].value',
      `${enterpriseUrn}:manager.value`,
      'members[value eq "a"]',
    ),
  ),
  much,
  content,
)

/** JSON as text, so that it can hold what no object can: a key twice, a number without end. */
const key = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'userName',
      'name',
      'emails',
      'active',
      'members',
      'value',
      'type',
      'primary',
      'schemas',
      'displayName',
      enterpriseUrn,
      'password',
      'roles',
      'op',
      'path',
      'Operations',
    ),
  },
  fc.constantFrom(...hostileNames),
  content,
)
const keyText = fc.oneof(
  { weight: 9, arbitrary: key.map((name) => JSON.stringify(name)) },
  fc.constantFrom('"\\u005f_proto__"', '"__prot\\u006f__"', '"const\\u0072uctor"'),
)
const scalar = fc.oneof(
  content.map((text) => JSON.stringify(text)),
  fc.constantFrom(
    'null',
    'true',
    'false',
    '0',
    '-0',
    '1e400',
    '-1e-400',
    '"\\ud800"',
    '"\\u0000"',
    '"True"',
  ),
  fc.constantFrom('123456789012345678901234567890', '1.7976931348623159e308', '[]', '{}', '""'),
)
const json = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'json' },
    { weight: 3, arbitrary: scalar },
    fc.array(tie('value'), { maxLength: 4 }).map((values) => `[${values.join()}]`),
    {
      weight: 2,
      arbitrary: fc
        .array(fc.tuple(keyText, tie('value')), { maxLength: 5 })
        .map((entries) => `{${entries.map(([name, value]) => `${name}:${value}`).join()}}`),
    },
  ),
})).value
const nested = fc
  .tuple(
    fc.nat({ max: 60 }),
    fc.constantFrom(['[', ']'], ['{"a":', '}'], ['{"name":', '}']),
    scalar,
  )
  .map(
    ([depth, [open = '', close = ''], middle]) => open.repeat(depth) + middle + close.repeat(depth),
  )
const crowded = fc
  .tuple(fc.nat({ max: 3_000 }), scalar)
  .map(
    ([count, value]) => `{${Array.from({ length: count }, (_, at) => `"n${at}":${value}`).join()}}`,
  )
  .filter((text) => text.length < 500_000)

export const hostileJson = fc.oneof({ weight: 6, arbitrary: json }, nested, crowded)
