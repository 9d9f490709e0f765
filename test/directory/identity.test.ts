import { describe, expect, test } from 'vitest'
import { type Document, emptyComplex, isActive } from '../../src/directory/directory.ts'
import { fold, indexTerms, lookupValue } from '../../src/directory/identity.ts'
import { expectCpuBelow } from '../support/cpu-cost.ts'

describe('names compare', () => {
  test.each([
    ['Ann@ACME.example', 'ann@acme.example'],
    ['ÄRGER', 'ärger'],
    ['e\u0301', 'é'],
    ['I', 'i'],
  ])('%s like %s', (written, folded) => {
    expect(fold(written)).toBe(folded)
    expect(fold(folded)).toBe(folded)
  })

  test('in normal form, with as many marks on a letter as any script has', () => {
    const marks = '\u0323\u0301'.repeat(15)
    expect(fold(`A${marks}`)).toBe(fold(`a${'\u0301\u0323'.repeat(15)}`))
    expect(fold(`A${marks}\u0301`)).toBe(`a${marks}\u0301`)
  })

  test('with their blanks', () => {
    expect(fold('ann ')).not.toBe(fold('ann'))
  })

  test('soon, even where a megabyte of combining marks calls itself a name', () => {
    const hostile = 'A'.concat('\u0315\u0300'.repeat(500_000))
    expectCpuBelow(500, () => expect(fold(hostile)[0]).toBe('a'))
  })

  test('soon, even where each of a thousand names is as many marks as a name can be', () => {
    const hostile = Array.from({ length: 1_000 }, (_, at) => `${at}${'\u0315\u0300'.repeat(500)}`)
    expectCpuBelow(200, () => hostile.forEach((name) => void fold(name)))
  })
})

test('a userName is looked up without case, an id and an externalId exactly', () => {
  expect(lookupValue('userName', 'Ann')).toBe('ann')
  expect(lookupValue('id', 'Ann')).toBe('Ann')
  expect(lookupValue('externalId', 'Ann')).toBe('Ann')
})

describe('a resource is indexed under', () => {
  const keys = (of: 'users' | 'groups', document: Document) =>
    indexTerms(of, document).map(({ attribute, value, unique }) => [attribute, value, unique])

  test('the names of a user', () => {
    const document = {
      userName: 'Ann',
      displayName: 'Ann Lee',
      externalId: 'E-1',
      emails: [{ value: 'A@x' }, { value: 'a@X', type: 'work' }, { type: 'home' }],
    }
    expect(keys('users', document)).toEqual([
      ['userName', 'ann', true],
      ['externalId', 'E-1', false],
      ['emails.value', 'a@x', false],
    ])
  })

  test('the names of a group', () => {
    expect(keys('groups', { displayName: 'Sales', externalId: 'g' })).toEqual([
      ['displayName', 'sales', true],
      ['externalId', 'g', false],
    ])
  })

  test('nothing that is not text', () => {
    expect(keys('users', { userName: 42, emails: 'x' })).toEqual([])
  })
})

test.each([
  [{ active: true }, true],
  [{ active: false }, false],
  [{ active: 'true' }, false],
  [{}, false],
])('whoever has %j may sign in: %s', (document, expected) => {
  expect(isActive(document)).toBe(expected)
})

test('a new complex value inherits nothing', () => {
  expect(Object.getPrototypeOf(emptyComplex())).toBeNull()
})
