import { attribute, complex, text } from '../../src/directory/attribute-builders.ts'
import { createSchemaRegistry, type ExtensionSchema } from '../../src/directory/schema-registry.ts'
import {
  type Json,
  patchBody,
  type ScimFixture,
  scimFixture,
  userBody,
} from '../scim-http/scim-fixture.ts'

/** A schema of the tenant's own, with lists of simple values, which the core has none of. */
export const badgeUrn = 'urn:example:params:scim:schemas:extension:badge:1.5:User'
const badge: ExtensionSchema = {
  urn: badgeUrn,
  name: 'Badge',
  description: 'What opens doors.',
  attributes: [
    text('doors', 'Names of doors.', { multiValued: true }),
    attribute('floors', 'integer', 'Numbers of floors.', { multiValued: true }),
    attribute('expires', 'dateTime', 'When it stops to open them.'),
    complex('issuer', 'Who issued it.', [
      text('value', 'The `id` of the user.', { caseExact: true }),
      text('office', 'Where.'),
    ]),
  ],
}

/** A server with that schema, and users to patch. */
export interface Patching extends AsyncDisposable {
  readonly send: ScimFixture['send']
  newUser(more?: Json): Promise<Json & { readonly id: string; readonly meta: Json }>
  patch(id: string, operations: readonly unknown[], query?: string): ReturnType<ScimFixture['send']>
  /** What there is of a user beside `schemas`, `id`, `meta`, `userName` and `active`. */
  attributesOf(id: string): Promise<Json>
}

export async function patching(): Promise<Patching> {
  const registry = createSchemaRegistry([badge])
  const fixture = await scimFixture({ registryOf: () => registry })
  const { send } = fixture
  let made = 0
  return {
    send,
    newUser: async (more = {}) =>
      (await send('POST', '/Users', userBody(`user${++made}@x.example`, more))).body,
    patch: (id, operations, query = '') =>
      send('PATCH', `/Users/${id}${query}`, patchBody(...operations)),
    attributesOf: async (id) => {
      const { body } = await send('GET', `/Users/${id}`)
      const { schemas: _, id: __, meta: ___, userName: ____, active: _____, ...rest } = body
      return rest
    },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  }
}

export const work = { type: 'work', value: 'ann@work.example', primary: true }
export const home = { type: 'home', value: 'ann@home.example' }
export const other = { type: 'other', value: 'ann@other.example' }
export const name = { givenName: 'Ann', familyName: 'Smith' }

export const add = (path: string, value: unknown): Json => ({ op: 'add', path, value })
export const replace = (path: string, value: unknown): Json => ({ op: 'replace', path, value })
export const remove = (path: string): Json => ({ op: 'remove', path })
