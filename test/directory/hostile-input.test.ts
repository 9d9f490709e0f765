import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAttributePath } from '../../src/directory/attribute-path.ts'
import type { Complex } from '../../src/directory/directory.ts'
import { parseFilter } from '../../src/directory/filter.ts'
import { compileFilter } from '../../src/directory/filter-evaluate.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { F, type Tri, U } from '../../src/directory/three-values.ts'
import { expectCpuBelow } from '../support/cpu-cost.ts'

/** What one hostile filter or path may cost a process that decides for others meanwhile. */
const cpuMsMax = 50

const registry = createSchemaRegistry()
const resource: Complex = {
  userName: 'ann',
  active: true,
  name: { givenName: 'Ann' },
  emails: [{ type: 'work', value: 'ann@acme.example' }, { value: 'a@b' }],
}

/** Takes the text through everything that reads filters and paths. */
function useAll(text: string): readonly (Tri | string)[] {
  const parsed = parseFilter(text)
  const answers: (Tri | string)[] = []
  for (const absent of [F, U] as const) {
    if (parsed.kind === 'fault') answers.push(parsed.message)
    else {
      const compiled = compileFilter(parsed.filter, registry, 'users', absent)
      answers.push(compiled.kind === 'fault' ? compiled.message : compiled.matches(resource))
    }
  }
  const path = parseAttributePath(text, registry, 'users', { aliases: true })
  return [...answers, path.kind === 'fault' ? path.message : path.text]
}

const million = 1_000_000
const towers: readonly (readonly [string, string])[] = [
  ['10,000 parentheses', `${'('.repeat(10_000)}userName pr${')'.repeat(10_000)}`],
  ['parentheses that never close', '('.repeat(8_000)],
  ['a tower of not(', 'not('.repeat(2_000)],
  ['a tower of value paths', 'emails['.repeat(1_000)],
  ['a megabyte of text', `userName eq "${'x'.repeat(million)}"`],
  ['a megabyte of name', 'x'.repeat(million)],
  ['a quote that never closes', `userName eq "${'x'.repeat(8_000)}`],
  ['backslashes, on which others backtrack', `userName eq "${'\\'.repeat(8_000)}`],
  ['escapes without end', `userName eq "${'\\u0041'.repeat(1_300)}`],
  ['a half escape', 'userName eq "\\u00'],
  ['a lone surrogate', 'userName eq "\\ud800"'],
  ['a thousand comparisons', Array.from({ length: 1_000 }, () => 'a pr').join(' or ')],
  ['a name of 8,000 letters', `${'x'.repeat(8_000)} pr`],
  ['8,000 dots', '.'.repeat(8_000)],
  ['8,000 colons', `${':'.repeat(8_000)} pr`],
  ['8,000 blanks', ' '.repeat(8_000)],
  ['8,000 digits', `userName eq ${'9'.repeat(8_000)}`],
  ['combining marks, which normalization sorts', `userName eq "a${'\u0315\u0300'.repeat(4_000)}"`],
]

describe('hostile input is answered, soon', () => {
  test.each(towers)('%s', (_, text) => {
    useAll('userName eq "warm"')
    expectCpuBelow(cpuMsMax, () => useAll(text))
  })
})

const names = ['userName', 'emails', 'value', 'type', '__proto__', 'constructor', 'prototype']
const piece = fc.oneof(
  fc.constantFrom(...names, 'and', 'or', 'not', 'not(', '(', ')', '[', ']', 'eq', 'pr', 'gt', 'co'),
  fc.constantFrom(' ', '.', ':', '"', '\\', '\\u', '"x"', 'true', 'null', '1e5', '-', '\u0000'),
  fc.string({ unit: 'binary', maxLength: 5 }),
)
const noise = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
const sentence = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(' '))

describe('whatever the text', () => {
  test('nothing throws, and no object gains a property', () => {
    const own = (object: object) => Reflect.ownKeys(object).length
    const before = [Object.prototype, Array.prototype, String.prototype].map(own)
    fc.assert(
      fc.property(fc.oneof(noise, sentence), (text) => {
        for (const answer of useAll(text)) expect(['string', 'number']).toContain(typeof answer)
      }),
      { numRuns: 2_000 },
    )
    expect([Object.prototype, Array.prototype, String.prototype].map(own)).toEqual(before)
  })

  test('a fault lies within it', () => {
    fc.assert(
      fc.property(fc.oneof(noise, sentence), (text) => {
        const parsed = parseFilter(text)
        if (parsed.kind === 'filter') return
        expect(parsed.at).toBeGreaterThanOrEqual(0)
        expect(parsed.at).toBeLessThanOrEqual(text.length)
      }),
    )
  })
})

describe('De Morgan holds for filters over what is missing', () => {
  const term = fc.constantFrom(
    ...['userName eq "ann"', 'userName eq "bob"', 'nickName eq "x"', 'emails.type eq "work"'],
    ...['emails[type eq "work" and value co "b"]', 'name.familyName pr', 'active ne true'],
    ...['name.givenName ne "x"', 'emails[type eq "home"].value eq "x"'],
  )
  const value = (text: string, absent: Tri) => {
    const parsed = parseFilter(text)
    if (parsed.kind === 'fault') return parsed.message
    const compiled = compileFilter(parsed.filter, registry, 'users', absent)
    return compiled.kind === 'fault' ? compiled.message : compiled.matches(resource)
  }

  test.each([F, U] as const)('where absent is %s', (absent) => {
    fc.assert(
      fc.property(term, term, (a, b) => {
        const outer = value(`not (${a} and ${b})`, absent)
        expect(outer).toBe(value(`not (${a}) or not (${b})`, absent))
        expect(outer).toBeTypeOf('number')
        expect(value(`not (${a} or ${b})`, absent)).toBe(value(`not (${a}) and not (${b})`, absent))
      }),
    )
  })
})

test.each([
  ['marks that are out of order', (at: number) => `${at}${'a\u0301\u0323'.repeat(330)}`],
  ['marks without a letter', (at: number) => `${at}${'\u0301\u0323'.repeat(500)}`],
  ['capitals', (at: number) => `${at}${'A'.repeat(1_000)}`],
])('64 comparisons with 250,000 characters of %s take no longer than others', (_, valueAt) => {
  const emails = Array.from({ length: 250 }, (_, at) => ({ value: valueAt(at) }))
  const text = Array.from({ length: 64 }, (_, at) => `emails.value co "x${at}"`).join(' or ')
  const parsed = parseFilter(text)
  if (parsed.kind === 'fault') throw new Error(parsed.message)
  const compiled = compileFilter(parsed.filter, registry, 'users', F)
  if (compiled.kind === 'fault') throw new Error(compiled.message)
  expectCpuBelow(cpuMsMax, () => expect(compiled.matches({ emails })).toBe(F))
})
