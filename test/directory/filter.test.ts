import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Filter,
  filterDepthMax,
  filterTermsMax,
  type Operator,
  parseFilter,
} from '../../src/directory/filter.ts'
import { filterLengthMax } from '../../src/directory/filter-lexer.ts'
import { filterText } from '../../src/directory/filter-text.ts'

/** How a filter was understood: every join in parentheses. */
function understood(text: string): string {
  const parsed = parseFilter(text)
  return parsed.kind === 'filter' ? shape(parsed.filter) : `fault: ${parsed.message}`
}
function shape(filter: Filter): string {
  if (filter.op === 'and' || filter.op === 'or') {
    return `(${filter.terms.map(shape).join(` ${filter.op} `)})`
  }
  return filter.op === 'not' ? `not${shape(filter.term)}` : filterText(filter)
}

describe('precedence', () => {
  test.each([
    ['a pr and b pr or c pr', '((a pr and b pr) or c pr)'],
    ['a pr or b pr and c pr', '(a pr or (b pr and c pr))'],
    ['(a pr or b pr) and c pr', '((a pr or b pr) and c pr)'],
    ['not (a pr) and b pr', '(nota pr and b pr)'],
    ['not(a pr or b pr) or c pr', '(not(a pr or b pr) or c pr)'],
    ['a pr and b pr and c pr', '(a pr and b pr and c pr)'],
    ['((a pr)) and ((b pr and (c pr)))', '(a pr and (b pr and c pr))'],
    ['A Pr AND b PR Or NOT (c pr)', '((A pr and b pr) or notc pr)'],
    ['(a pr)and(b pr)', '(a pr and b pr)'],
    ['a pr\n  and\tb pr', '(a pr and b pr)'],
    ['e[a pr or b pr and c pr]', 'e[a pr or b pr and c pr]'],
  ])('%s is %s', (text, expected) => {
    expect(understood(text)).toBe(expected)
  })
})

describe('values', () => {
  const literalOf = (literal: string) => {
    const parsed = parseFilter(`a eq ${literal}`)
    if (parsed.kind === 'fault') return parsed.message
    return parsed.filter.op === 'eq' ? parsed.filter.value : parsed.filter
  }

  test.each([
    ['"x"', 'x'],
    ['""', ''],
    ['"a \\"b\\" \\\\ \\/ \\b\\f\\n\\r\\t"', 'a "b" \\ / \b\f\n\r\t'],
    ['"\\u00e9\\u00C9\\ud83d\\ude00"', 'éÉ😀'],
    ['"x) and ] or (y eq"', 'x) and ] or (y eq'],
    ['"ünï 漢"', 'ünï 漢'],
    ['true', true],
    ['False', false],
    ['NULL', null],
    ['42', 42],
    ['-0.5e+2', -50],
    ['0', 0],
  ])('%s reads as %j', (literal, value) => {
    expect(literalOf(literal)).toBe(value)
  })

  test.each(['01', '+1', '1.', '.5', '1e', '1e999', '0x10', '-', 'NaN', 'Infinity', 'yes'])(
    '%s is no value',
    (literal) => {
      expect(literalOf(literal)).toContain('double quotes')
    },
  )
})

describe('paths', () => {
  const pathOf = (text: string) => {
    const parsed = parseFilter(`${text} pr`)
    if (parsed.kind === 'fault') return parsed.message
    if (parsed.filter.op !== 'present') return parsed.filter
    const { urn, attribute, subAttribute } = parsed.filter.path
    return [urn, attribute, subAttribute]
  }

  test('take the last colon for the end of the URN, so dots of a version are no separators', () => {
    const urn = 'urn:ietf:params:scim:schemas:core:2.0:User'
    expect(pathOf(`${urn}:name.givenName`)).toEqual([urn, 'name', 'givenName'])
    expect(pathOf(`${urn}:userName`)).toEqual([urn, 'userName', undefined])
  })

  test.each([
    ['members.$ref', [undefined, 'members', '$ref']],
    ['x509Certificates', [undefined, 'x509Certificates', undefined]],
    ['cost-center_2', [undefined, 'cost-center_2', undefined]],
  ])('%s is one', (text, expected) => {
    expect(pathOf(text)).toEqual(expected)
  })

  test.each(['a.b.c', '.a', 'a.', 'a..b', ':a', 'a:', '1a', 'a=b', '$', '_a', 'a.1b'])(
    '%s is none',
    (text) => {
      expect(pathOf(text)).toBe(`\`${text}\` is no attribute path`)
    },
  )
})

describe('a value path', () => {
  test('with a comparison behind it asks the same element', () => {
    expect(understood('emails[type eq "work"].value eq "x"')).toBe(
      'emails[type eq "work" and value eq "x"]',
    )
    expect(understood('emails[a pr or b pr].value pr')).toBe('emails[(a pr or b pr) and value pr]')
  })

  test('may stand among other terms', () => {
    expect(understood('a pr and emails[type eq "work"] or b pr')).toBe(
      '((a pr and emails[type eq "work"]) or b pr)',
    )
  })

  test.each([
    'emails[]',
    'emails[type eq "work"',
    'emails [type eq "work"]',
    'emails.type[value eq "x"]',
    'emails[phones[type eq "x"]]',
    'emails[type eq "work")',
    'emails[type eq "work"]value eq "x"',
    'emails[type eq "work"]..value eq "x"',
    'emails[type eq "work"].value',
    'emails[type eq "work"].value eq',
    'emails]',
  ])('%s is malformed', (text) => {
    expect(parseFilter(text).kind).toBe('fault')
  })
})

describe('a malformed filter is refused, with the place', () => {
  test.each([
    ['', 0, 'an attribute is missing'],
    ['   ', 3, 'an attribute is missing'],
    ['userName', 8, 'operator'],
    ['userName eq', 11, 'a value is missing after `eq`'],
    ['userName eq "ann', 12, 'no closing double quote'],
    ['userName eq ann', 12, 'double quotes: `ann`'],
    ["userName eq 'ann'", 12, 'double quotes'],
    ['userName equals "ann"', 9, 'operator'],
    ['eq "ann"', 3, 'operator'],
    ['userName eq "a" and', 19, 'an attribute is missing'],
    ['and userName eq "a"', 4, 'operator'],
    ['userName eq "a" userType eq "b"', 16, '`and` or `or` is missing before `userType`'],
    ['(userName eq "a"', 16, '`)` is missing'],
    ['userName eq "a")', 15, 'closes nothing'],
    ['()', 1, 'an attribute is missing'],
    ['not userName eq "a"', 4, '`not (…)`'],
    ['userName eq"a"', 11, 'a blank is missing'],
    ['userName eq "a"and title pr', 15, 'a blank is missing'],
    ['"ann" eq userName', 0, 'an attribute is missing'],
    ['userName eq "\\x"', 13, 'no escape'],
    ['userName eq "\\u12g4"', 13, 'no escape'],
    ['userName eq "a\nb"', 14, 'control character'],
    ['userName eq "a" && title pr', 16, '`and` or `or` is missing'],
    ['userName eq {"a":1}', 12, 'cannot stand here'],
    ['userName pr "a"', 12, '`and` or `or` is missing'],
    ['userName eq "a"; drop', 15, 'a blank is missing'],
    ['üser eq "a"', 0, 'cannot stand here'],
    ['a\u0000 eq "a"', 1, 'cannot stand here'],
  ])('%j', (text, at, message) => {
    expect(parseFilter(text)).toMatchObject({ kind: 'fault', at })
    expect(understood(text)).toContain(message)
  })

  test('and long input is shown in part, on one line', () => {
    const parsed = parseFilter(`userName eq ${'x'.repeat(5000)}`)
    expect(parsed.kind === 'fault' && parsed.message.length).toBeLessThan(150)
  })
})

describe('a limit', () => {
  const nested = (depth: number) => `${'('.repeat(depth)}a pr${')'.repeat(depth)}`
  const joined = (terms: number) => Array.from({ length: terms }, () => 'a pr').join(' and ')

  test('of length, depth and number of comparisons is met and not exceeded', () => {
    const longest = `a eq "${'x'.repeat(filterLengthMax - 7)}"`
    expect(parseFilter(longest).kind).toBe('filter')
    expect(understood(`${longest} `)).toContain('longer than 8192')
    expect(parseFilter(nested(filterDepthMax)).kind).toBe('filter')
    expect(understood(nested(filterDepthMax + 1))).toContain('nested deeper than 32')
    expect(parseFilter(joined(filterTermsMax)).kind).toBe('filter')
    expect(understood(joined(filterTermsMax + 1))).toContain('more than 64 comparisons')
  })

  test('of depth counts `not` and brackets too', () => {
    expect(understood(`${'not('.repeat(33)}a pr${')'.repeat(33)}`)).toContain('nested deeper')
    expect(understood(`${'('.repeat(32)}a[b pr]${')'.repeat(32)}`)).toContain('nested deeper')
  })
})

describe('for any tree', () => {
  const name = fc.constantFrom('a', 'userName', 'cost-center', '$ref', 'not', 'and', 'eq', 'pr')
  const path = fc.record({
    urn: fc.constantFrom(undefined, 'urn:acme:2.0:User'),
    attribute: name,
    subAttribute: fc.option(name, { nil: undefined }),
    at: fc.constant(0),
  })
  const subPath = name.map((attribute) => ({
    urn: undefined,
    attribute,
    subAttribute: undefined,
    at: 0,
  }))
  const op = fc.constantFrom<Operator>('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le')
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.boolean(),
    fc.constant(null),
  )
  const leafOver = (paths: typeof path | typeof subPath): fc.Arbitrary<Filter> =>
    fc.oneof(
      fc.record({ op: fc.constant('present' as const), path: paths }),
      fc.record({ op, path: paths, value }),
    )
  const treeOver = (leaf: fc.Arbitrary<Filter>) =>
    fc.letrec<{ tree: Filter }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4, depthIdentifier: 'filter' },
        leaf,
        fc.record({
          op: fc.constantFrom('and' as const, 'or' as const),
          terms: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
        }),
        fc.record({ op: fc.constant('not' as const), term: tie('tree') }),
      ),
    })).tree
  const valuePath = fc.record({
    op: fc.constant('valuePath' as const),
    path: path.map((one) => ({ ...one, subAttribute: undefined })),
    filter: treeOver(leafOver(subPath)),
  })
  const tree = treeOver(fc.oneof({ weight: 4, arbitrary: leafOver(path) }, valuePath))

  /** The tree with a path's place in the text taken out. */
  const unplaced = (filter: Filter): unknown =>
    JSON.parse(JSON.stringify(filter, (key, inner) => (key === 'at' ? undefined : inner)))

  test('its text reads back as the tree', () => {
    fc.assert(
      fc.property(tree, (filter) => {
        const text = filterText(filter)
        const parsed = parseFilter(text)
        // Trees beyond a limit are refused, which is what the limit is for.
        if (parsed.kind === 'fault') expect(parsed.message).toMatch(/^(longer|more|nested)/)
        else expect(unplaced(parsed.filter)).toEqual(unplaced(filter))
      }),
      { numRuns: 500 },
    )
  })
})
