import type { Stored } from '../../src/directory/directory.ts'
import type { Store } from '../../src/store/store.ts'
import {
  enterpriseUrn,
  type FixtureOptions,
  groupBody,
  type ScimFixture,
  scimFixture,
  userBody,
} from './scim-fixture.ts'

/** A server with `user00` to `user29`, and user01 in the group Team. */
export interface SearchedFixture extends ScimFixture {
  /** By the first part of the userName, or the displayName. */
  readonly ids: ReadonlyMap<string, string>
}

export async function searchedFixture(options: FixtureOptions = {}): Promise<SearchedFixture> {
  const fixture = await scimFixture(options)
  const ids = new Map<string, string>()
  for (let index = 0; index < 30; index += 1) {
    const name = `user${String(index).padStart(2, '0')}`
    const { body } = await fixture.send('POST', '/Users', {
      ...userBody(`${name}@acme.example`),
      externalId: `Ext${index % 3}`,
      active: index % 2 === 0,
      name: { givenName: 'Given', familyName: name },
      emails: [
        { value: `${name}@work.example`, type: 'work' },
        { value: `${name}@home.example`, type: 'home', primary: true },
      ],
      [enterpriseUrn]: { department: index < 5 ? 'IT' : 'Sales', costCenter: '1' },
    })
    ids.set(name, body.id)
  }
  const { body } = await fixture.send('POST', '/Groups', groupBody('Team', [ids.get('user01')!]))
  ids.set('Team', body.id)
  return { ...fixture, ids }
}

/** `totalResults` of a filter, or the status and scimType of its refusal. */
export async function totalOf(
  { send }: Pick<ScimFixture, 'send'>,
  path: string,
  filter: string,
): Promise<number | string> {
  const { body } = await send('GET', `${path}?filter=${encodeURIComponent(filter)}`)
  return body.totalResults ?? `${body.status} ${body.scimType}`
}

/** What the resources of a list are called, in their order. */
export function namesIn(body: {
  readonly Resources: readonly { readonly userName?: string; readonly displayName?: string }[]
}): readonly (string | undefined)[] {
  return body.Resources.map(({ userName, displayName }) => userName ?? displayName)
}

export const searchUrn = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'

/** The store, with some of its methods done otherwise. */
export function storeWith(store: Store, changed: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const own = Reflect.get(changed, name) as unknown
      const value = own ?? (Reflect.get(target, name, target) as unknown)
      return typeof value === 'function' ? value.bind(own === undefined ? target : changed) : value
    },
  })
}

/** The store, as if so many references were all that a page may hold. */
export function storeWithPagesOf(referencesMax: number): (store: Store) => Store {
  return (store) =>
    storeWith(store, {
      find: (of, directory, by, page, options) =>
        store.find(of, directory, by, page, { ...options, referencesMax }),
    })
}

/** A slice of a scan that has the same resource over and over. */
export function sliceOf(stored: Partial<Stored>, length: number): readonly Stored[] {
  return new Array(length).fill(stored)
}
