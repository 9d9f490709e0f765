import { describe, expect, test } from 'vitest'
import type { Document } from '../../src/directory/directory.ts'
import type { SchemaRegistry } from '../../src/directory/schema-registry.ts'
import { readGroupReplacement, readNewGroup } from '../../src/scim/group-resource.ts'
import { Notes } from '../../src/scim/json-object.ts'
import { patchWorkMax, valuesMax } from '../../src/scim/limits.ts'
import { MembersDraft } from '../../src/scim/members-draft.ts'
import { applyPatch, placeOperations } from '../../src/scim/patch.ts'
import { patchUrn, readPatch } from '../../src/scim/patch-operation.ts'
import { readNewUser, readUserReplacement } from '../../src/scim/user-resource.ts'
import {
  badgeRegistry,
  badgeText,
  badgeUrn,
  registryFrom,
  roomUrn,
} from '../support/badge-schema.ts'
import { refusalOf } from './patch-fixture.ts'

const registry = badgeRegistry()
const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
const ann = { userName: 'ann', active: true }

const withBadge = (badge: object | undefined) =>
  JSON.parse(JSON.stringify({ ...ann, [badgeUrn]: badge })) as Document

/** The badge that a POST makes. */
function created(badge: unknown): unknown {
  const body = { schemas, ...ann, [badgeUrn]: badge }
  return plain(readNewUser(body, registry, new Notes()))[badgeUrn]
}

/** The badge that a PUT makes of one. */
function replaced(before: object, badge: unknown, schemasNow = registry): unknown {
  const body = { schemas, ...ann, ...(badge !== undefined && { [badgeUrn]: badge }) }
  return plain(readUserReplacement(body, withBadge(before), schemasNow, new Notes()))[badgeUrn]
}

/** The badge that a PATCH makes of one. */
function patched(
  before: object | undefined,
  operations: readonly object[],
  schemasNow: SchemaRegistry = registry,
): unknown {
  const context = { of: 'users', registry: schemasNow, notes: new Notes() } as const
  const read = readPatch({ schemas: [patchUrn], Operations: operations })
  const placed = placeOperations(read, context)
  return plain(applyPatch(withBadge(before), placed, new MembersDraft(), context))[badgeUrn]
}

function plain(document: Document): Record<string, unknown> {
  return JSON.parse(JSON.stringify(document))
}

const set = (path: string, value: unknown) => ({
  op: 'replace',
  path: path === '' ? badgeUrn : `${badgeUrn}:${path}`,
  value,
})
const add = (path: string, value: unknown) => ({ ...set(path, value), op: 'add' })
const remove = (path: string) => ({ op: 'remove', path: set(path, '').path })

describe('a custom extension', () => {
  test.each<[string, object, object]>([
    ['names come out canonical', { NUMBER: '1' }, { number: '1' }],
    ['numbers may come as strings', { number: '1', clearance: '5' }, { number: '1', clearance: 5 }],
    [
      'booleans may come as strings',
      { number: '1', cleared: 'True' },
      { number: '1', cleared: true },
    ],
    [
      'one value of a list is a list',
      { number: '1', zones: 'lab' },
      { number: '1', zones: ['lab'] },
    ],
    [
      'values beyond the canonical ones are kept',
      { number: '1', zones: ['x'] },
      { number: '1', zones: ['x'] },
    ],
    [
      'what stands for a complex value is its `value`, of its type',
      { number: '1', keys: ['a'] },
      { number: '1', keys: [{ value: 'a' }] },
    ],
    ['what it does not know is left out', { number: '1', shoe: 1 }, { number: '1' }],
  ])('is read liberally: %s', (_, sent, kept) => {
    expect(created(sent)).toEqual(kept)
  })

  test.each<[string, unknown]>([
    ['an integer with a fraction', { number: '1', clearance: 1.5 }],
    ['an integer in words', { number: '1', clearance: 'high' }],
    ['a date without an offset', { number: '1', validUntil: '2026-01-31T08:00:00' }],
    ['a list for a single value', { number: '1', code: ['a', 'b'] }],
    ['a text for something complex', { number: '1', vault: 'x' }],
    ['a word for the number that a complex value stands for', { number: '1', holder: 'ann' }],
    ['a text for the whole', 'x'],
  ])('with %s is refused', (_, sent) => {
    expect(refusalOf(() => created(sent))).toBe('400 invalidValue')
  })
})

describe('what is required', () => {
  test('is asked for where the extension is there, and not where it is not', () => {
    expect(refusalOf(() => created({ clearance: 1 }))).toBe('400 invalidValue')
    expect(refusalOf(() => created({ number: '', clearance: 1 }))).toBe('400 invalidValue')
    expect(created({})).toBeUndefined()
    expect(created(undefined)).toBeUndefined()
    expect(refusalOf(() => replaced({ number: '1' }, { clearance: 1 }))).toBe('400 invalidValue')
    expect(refusalOf(() => patched(undefined, [set('clearance', 1)]))).toBe('400 invalidValue')
    expect(patched(undefined, [set('clearance', 1), set('number', '1')])).toEqual({
      clearance: 1,
      number: '1',
    })
  })

  test('cannot be removed by its path; the whole extension can', () => {
    const badge = { number: '1', clearance: 5 }
    expect(refusalOf(() => patched(badge, [remove('number')]))).toBe('400 mutability')
    expect(refusalOf(() => patched(badge, [set('number', null)]))).toBe('400 invalidValue')
    expect(patched(badge, [remove('')])).toBeUndefined()
  })

  test('of a part is asked for in each complex value that is there', () => {
    const complete = { number: '1', holder: { name: 'a' }, keys: [{ value: 'k' }] }
    expect(created(complete)).toEqual(complete)
    expect(refusalOf(() => created({ number: '1', holder: { value: 1 } }))).toBe('400 invalidValue')
    expect(refusalOf(() => created({ number: '1', keys: [{ value: 'k' }, { slot: 's' }] }))).toBe(
      '400 invalidValue',
    )
    expect(refusalOf(() => patched(complete, [remove('holder.name')]))).toBe('400 mutability')
  })

  test('since yesterday does not keep anybody from being deactivated', () => {
    const stricter = registryFrom({
      ...badgeText,
      attributes: [...badgeText.attributes, { name: 'since', required: true }],
    })
    const badge = { number: '1', clearance: 5 }
    expect(patched(badge, [{ op: 'replace', path: 'active', value: false }], stricter)).toEqual(
      badge,
    )
    expect(refusalOf(() => patched(badge, [set('clearance', 6)], stricter))).toBe(
      '400 invalidValue',
    )
  })
})

describe('a PUT that does not mention the extension', () => {
  const badge = { number: '1', clearance: 5, serial: 's', holder: { name: 'h', since: '2020' } }

  test('keeps of it what is immutable, and what is required beside that', () => {
    const kept = { number: '1', serial: 's', holder: { name: 'h', since: '2020' } }
    expect(replaced(badge, undefined)).toEqual(kept)
    expect(replaced({ number: '1', clearance: 5 }, undefined)).toBeUndefined()
  })

  test('is told from one that mentions it without what is required', () => {
    expect(refusalOf(() => replaced(badge, { serial: 's' }))).toBe('400 invalidValue')
    expect(refusalOf(() => replaced(badge, { number: '' }))).toBe('400 invalidValue')
    const holder = { since: '2020' }
    expect(refusalOf(() => replaced(badge, { number: '1', holder }))).toBe('400 invalidValue')
  })
})

describe('what is immutable', () => {
  const badge = { number: '1', serial: 's', lots: ['a', 'b'], holder: { name: 'h', since: '2020' } }

  test.each<[string, object[]]>([
    ['gets another value', [set('serial', 't')]],
    ['gets it among others', [set('', { serial: 't' })]],
    ['gets it without a path', [{ op: 'add', value: { [badgeUrn]: { serial: 't' } } }]],
    ['is removed', [remove('serial')]],
    ['is cleared', [set('serial', null)]],
    ['is removed with all that holds it', [remove('')]],
    ['gets a further value', [add('lots', ['c'])]],
    ['loses a value', [{ ...remove('lots'), value: ['a'] }]],
    ['is a part that gets another value', [set('holder.since', '2021')]],
    ['is a part that gets it among others', [set('holder', { since: '2021' })]],
    ['is a part that is removed', [remove('holder.since')]],
    ['is a part that is removed with the whole', [remove('holder')]],
    ['is changed and something else too', [set('clearance', 1), set('serial', 't')]],
  ])('and %s refuses a PATCH', (_, operations) => {
    expect(refusalOf(() => patched(badge, operations))).toBe('400 mutability')
  })

  test.each<[string, object[], object]>([
    ['the same value again', [set('serial', 's')], badge],
    ['the same list in another order', [set('lots', ['b', 'a'])], { ...badge, lots: ['b', 'a'] }],
    ['a value that is in the list', [add('lots', ['a'])], badge],
    ['the same part again', [set('holder', { since: '2020' })], badge],
    [
      'a change beside it',
      [set('holder.name', 'i')],
      { ...badge, holder: { name: 'i', since: '2020' } },
    ],
    ['a change and back', [set('serial', 't'), set('serial', 's')], badge],
  ])('takes %s', (_, operations, after) => {
    expect(patched(badge, operations)).toEqual(after)
  })

  test('takes a first value', () => {
    expect(patched({ number: '1' }, [set('serial', 's')])).toEqual({ number: '1', serial: 's' })
    expect(replaced({ number: '1' }, { number: '1', serial: 's' })).toEqual({
      number: '1',
      serial: 's',
    })
  })

  test.each<[string, object | null]>([
    ['another value', { ...badge, serial: 't' }],
    ['an explicit null', { ...badge, serial: null }],
    ['an explicit null for all of it', null],
    ['an explicit null for what holds it', { ...badge, holder: null }],
    ['another part', { ...badge, holder: { name: 'h', since: '2021' } }],
  ])('refuses a PUT with %s', (_, sent) => {
    expect(refusalOf(() => replaced(badge, sent))).toBe('400 mutability')
  })

  test('stays where a PUT does not mention it: a client may never be shown it', () => {
    expect(replaced(badge, badge)).toEqual(badge)
    expect(replaced({ number: '1', serial: 's' }, { number: '2' })).toEqual({
      number: '2',
      serial: 's',
    })
    expect(replaced(badge, { number: '1', lots: ['a', 'b'], holder: { name: 'i' } })).toEqual({
      number: '1',
      serial: 's',
      lots: ['a', 'b'],
      holder: { name: 'i', since: '2020' },
    })
  })

  test('in an element of a list stays with the element, which may come and go', () => {
    const keys = { number: '1', keys: [{ value: 'k', slot: 's' }] }
    expect(refusalOf(() => patched(keys, [set('keys[value eq "k"].slot', 't')]))).toBe(
      '400 mutability',
    )
    expect(refusalOf(() => patched(keys, [remove('keys[value eq "k"].slot')]))).toBe(
      '400 mutability',
    )
    expect(refusalOf(() => patched(keys, [add('keys', [{ value: 'k', slot: 't' }])]))).toBe(
      '400 mutability',
    )
    expect(refusalOf(() => patched(keys, [set('keys[value eq "k"]', { slot: 't' })]))).toBe(
      '400 mutability',
    )
    expect(patched(keys, [remove('keys[value eq "k"]')])).toEqual({ number: '1' })
    expect(patched(keys, [set('keys[value eq "k"]', { site: 'x' })])).toEqual({
      number: '1',
      keys: [{ value: 'k', slot: 's', site: 'x' }],
    })
    expect(patched(keys, [set('keys', [{ value: 'l', slot: 't' }])])).toEqual({
      number: '1',
      keys: [{ value: 'l', slot: 't' }],
    })
  })
})

describe('PATCH of custom attributes', () => {
  const badge = { number: '1', holder: { name: 'a', value: 1, floors: [1, 2] } }

  test.each<[string, object[], object]>([
    ['a part that is a list takes one more', [add('holder.floors', 3)], { floors: [1, 2, 3] }],
    ['a part that is a list has each once', [add('holder.floors', [2])], { floors: [1, 2] }],
    ['a part that is a list is replaced', [set('holder.floors', ['7'])], { floors: [7] }],
    [
      'a part that is a list loses one',
      [{ ...remove('holder.floors'), value: [1] }],
      { floors: [2] },
    ],
    ['a part that is a list is removed', [remove('holder.floors')], { floors: undefined }],
    // Only where a `$ref` goes with it does `value` say who is meant.
    ['`value` is a part like the others', [set('holder.value', 2)], { value: 2 }],
    ['`value` among others leaves the others', [set('holder', { value: 2 })], { value: 2 }],
    ['`value` is removed alone', [remove('holder.value')], { value: undefined }],
    [
      'a key with the URN writes one part',
      [{ op: 'add', value: { [`${badgeUrn}:holder.name`]: 'b' } }],
      { name: 'b' },
    ],
  ])('%s', (_, operations, holder) => {
    expect(patched(badge, operations)).toEqual(
      JSON.parse(JSON.stringify({ ...badge, holder: { ...badge.holder, ...holder } })),
    )
  })

  test('a list within a list element takes one more', () => {
    const keys = { number: '1', keys: [{ value: 'k', doors: ['a'] }, { value: 'l' }] }
    expect(patched(keys, [add('keys[value eq "k"].doors', 'b')])).toEqual({
      number: '1',
      keys: [{ value: 'k', doors: ['a', 'b'] }, { value: 'l' }],
    })
  })

  test('a list within a value has the limits of a list', () => {
    const floors = Array.from({ length: valuesMax }, (_, at) => at)
    const full = { number: '1', holder: { name: 'a', floors } }
    expect(refusalOf(() => patched(full, [add('holder.floors', [-1])]))).toBe('400 invalidValue')
    const looks = Array.from({ length: patchWorkMax / valuesMax + 1 }, () =>
      add('holder.floors', 1),
    )
    expect(refusalOf(() => patched(full, looks))).toBe('400 invalidValue')
  })
})

describe('what was stored under a schema that is not in the config now', () => {
  const none = registryFrom()
  const less = registryFrom({ ...badgeText, attributes: [{ name: 'number' }] })
  const badge = { number: '1', clearance: 5 }

  test('stays through PUT and PATCH, which cannot know of it', () => {
    expect(replaced(badge, undefined, none)).toEqual(badge)
    expect(replaced(badge, { number: '2' }, none)).toEqual(badge)
    expect(patched(badge, [{ op: 'replace', path: 'title', value: 'x' }], none)).toEqual(badge)
    expect(patched(badge, [remove('')], none)).toEqual(badge)
  })

  test('stays attribute by attribute where only some were taken out', () => {
    expect(replaced(badge, { number: '2' }, less)).toEqual({ number: '2', clearance: 5 })
    expect(replaced(badge, undefined, less)).toEqual({ clearance: 5 })
    expect(patched(badge, [remove('')], less)).toEqual({ clearance: 5 })
  })
})

describe('a schema of groups', () => {
  const body = (more: object) => ({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'g',
    ...more,
  })

  test('is read for groups alone', () => {
    const { document } = readNewGroup(body({ [roomUrn]: { floor: '3' } }), registry, new Notes())
    expect(plain(document)[roomUrn]).toEqual({ floor: 3 })
    const ignored = readNewUser({ schemas, ...ann, [roomUrn]: { floor: 3 } }, registry, new Notes())
    expect(plain(ignored)[roomUrn]).toBeUndefined()
  })

  test('stays through a PUT while it is not in the config', () => {
    const stored = { displayName: 'g', [roomUrn]: { floor: 3 } }
    const { document } = readGroupReplacement(body({}), stored, registryFrom(), new Notes())
    expect(plain(document)[roomUrn]).toEqual({ floor: 3 })
  })
})
