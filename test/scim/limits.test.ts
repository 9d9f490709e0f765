import { describe, expect, test } from 'vitest'
import type { Document } from '../../src/directory/directory.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { Notes } from '../../src/scim/json-object.ts'
import { documentLengthMax, textLengthMax, valuesMax } from '../../src/scim/limits.ts'
import { readNewUser } from '../../src/scim/user-resource.ts'
import { expectCpuBelow } from '../support/cpu-cost.ts'
import { patched, refusalOf } from './patch-fixture.ts'

const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
const ann: Document = { userName: 'ann@acme.example', active: true }
const emails = (count: number) => Array.from({ length: count }, (_, at) => ({ value: `${at}@x` }))
const full: Document = { ...ann, emails: emails(valuesMax) }
const manyNames = Array.from({ length: 100_000 }, (_, at) => [`n${at}`, 1] as const)
const newUser = (more: object) =>
  readNewUser({ schemas, ...ann, ...more }, createSchemaRegistry(), new Notes())

describe('a user', () => {
  test.each([
    ['more values than anybody has', { emails: emails(valuesMax + 1) }],
    ['names without end', Object.fromEntries(manyNames)],
    ['names without end within one', { name: Object.fromEntries(manyNames) }],
    ['a text without end', { title: 'x'.repeat(textLengthMax + 1) }],
    [
      'more text than a document holds',
      {
        photos: Array.from({ length: 5 }, (_, at) => ({ value: `${at}`.repeat(textLengthMax) })),
      },
    ],
  ])('with %s is refused, and so is the PATCH that would make it one', (_, more) => {
    expect(refusalOf(() => newUser(more))).toBe('400 invalidValue')
    const patch = [{ op: 'replace', value: more }]
    expect(refusalOf(() => patched('users', ann, patch))).toBe('400 invalidValue')
  })

  test('does not grow beyond a document by one PATCH after the other', () => {
    const photo = 'x'.repeat(textLengthMax - 100)
    let document = ann
    let times = 0
    const grow = () => {
      times += 1
      const value = [{ value: `${times}${photo}` }]
      document = patched('users', document, [{ op: 'add', path: 'photos', value }]).document
    }
    while (times < 3) grow()
    expect(refusalOf(() => [grow(), grow()])).toBe('400 invalidValue')
    expect(JSON.stringify(document).length).toBeLessThanOrEqual(documentLengthMax)
  })

  test('takes a value beyond the limit from nobody', () => {
    const patch = [{ op: 'add', path: 'emails', value: { value: 'one@more' } }]
    expect(refusalOf(() => patched('users', full, patch))).toBe('400 invalidValue')
  })
})

describe('one operation on as many values as there can be takes no longer than others', () => {
  const all = emails(valuesMax)
  const typed = all.map((email, at) => ({ ...email, type: `t${at}` }))
  test.each<[string, Document, object, number]>([
    ['adds them', ann, { op: 'add', path: 'emails', value: all }, valuesMax],
    ['adds them again', full, { op: 'add', path: 'emails', value: all }, valuesMax],
    [
      'makes each primary',
      full,
      { op: 'add', path: 'emails', value: all.map((email) => ({ ...email, primary: true })) },
      valuesMax,
    ],
    ['takes each out', full, { op: 'remove', path: 'emails', value: all }, 0],
    ['takes out others', full, { op: 'remove', path: 'emails', value: typed }, valuesMax],
    ['selects all', full, { op: 'remove', path: 'emails[value pr]' }, 0],
  ])('%s', (_, before, operation, count) => {
    expectCpuBelow(50, () => {
      const { document } = patched('users', before, [operation])
      expect(document.emails ?? []).toHaveLength(count)
    })
  })
})

test.each([1, 60])('a thousand looks at everything by %d terms are refused early', (terms) => {
  const filter = Array.from({ length: terms }, (_, at) => `value co "${at}"`).join(' or ')
  const operations = Array.from({ length: 1_000 }, () => ({
    op: 'replace',
    path: `emails[${filter}].display`,
    value: 'x',
  }))
  expectCpuBelow(400, () => {
    expect(refusalOf(() => patched('users', full, operations))).toBe('400 invalidValue')
  })
})

test('a thousand operations on an ordinary user are done', () => {
  const document = { ...ann, emails: emails(5) }
  const operations = Array.from({ length: 1_000 }, (_, at) => ({
    op: 'replace',
    path: 'emails[value eq "3@x"].display',
    value: `${at}`,
  }))
  expect(patched('users', document, operations).document.emails).toContainEqual({
    value: '3@x',
    display: '999',
  })
})
