import { describe, expect, test } from 'vitest'
import type { Document } from '../../src/directory/directory.ts'
import { knownPart, tellablePart } from '../../src/directory/document-view.ts'
import { badgeRegistry, badgeUrn, registryFrom } from '../support/badge-schema.ts'

const registry = badgeRegistry()
const known = (badge: object) =>
  JSON.parse(JSON.stringify(knownPart({ [badgeUrn]: badge } as Document, registry, 'users')))

describe('what is known of a document', () => {
  test('is the document itself where the schemas know all of it', () => {
    const document = { userName: 'ann', [badgeUrn]: { number: '1', keys: [{ value: 'k' }] } }
    expect(knownPart(document, registry, 'users')).toBe(document)
  })

  test('is nothing of an extension that no schema describes, or of another resource type', () => {
    const document = { displayName: 'x', 'urn:acme:gone': { a: 1 }, [badgeUrn]: { number: '1' } }
    expect({ ...knownPart(document, registry, 'groups') }).toEqual({ displayName: 'x' })
    expect(document['urn:acme:gone']).toEqual({ a: 1 })
  })

  test.each<[why: string, badge: object, seen: object]>([
    ['an attribute is not described', { number: '1', gone: 1 }, { [badgeUrn]: { number: '1' } }],
    ['nothing that is described is left', { gone: 1 }, {}],
    [
      'a part is not described',
      { holder: { name: 'a', x: 1 } },
      { [badgeUrn]: { holder: { name: 'a' } } },
    ],
    ['a text has become a number', { clearance: '5' }, {}],
    ['a number has become a text', { number: 5 }, {}],
    ['a decimal has become an integer', { clearance: 1.5 }, {}],
    ['a text is no date', { validUntil: 'soon' }, {}],
    ['a text has become a boolean', { cleared: 'true' }, {}],
    ['a single value has become a list', { zones: 'lab' }, {}],
    ['a list has become a single value', { code: ['a'] }, {}],
    ['a text has become complex', { holder: 'ann' }, {}],
    ['one element is older than its type', { levels: [1, '2'] }, { [badgeUrn]: { levels: [1] } }],
  ])('leaves out what is no longer as it was stored: %s', (_, badge, seen) => {
    expect(known(badge)).toEqual(seen)
  })

  test('takes names of JavaScript for names', () => {
    const odd = registryFrom({ id: badgeUrn, name: 'B', attributes: [{ name: 'constructor' }] })
    const stored = { [badgeUrn]: { constructor: 'x', toString: 'y' } } as unknown as Document
    expect(JSON.stringify(knownPart(stored, odd, 'users'))).toBe(
      JSON.stringify({ [badgeUrn]: { constructor: 'x' } }),
    )
  })
})

test('what may be told leaves out, at every depth, what is never returned', () => {
  const badge = {
    number: '1',
    pin: '2',
    holder: { name: 'a', pin: '3' },
    keys: [{ value: 'k', pin: '4' }, { pin: '5' }],
    vault: { combination: '6' },
  }
  const told = tellablePart({ [badgeUrn]: badge } as unknown as Document, registry, 'users')
  expect(JSON.parse(JSON.stringify(told[badgeUrn]))).toEqual({
    number: '1',
    holder: { name: 'a' },
    keys: [{ value: 'k' }],
  })
})
