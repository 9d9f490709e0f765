import { expect, test } from 'vitest'
import type { PolicyChange, TokenRecord } from '../../src/directory/change.ts'
import type { TenantId } from '../../src/directory/directory.ts'
import { acme, at, committed, entra, fresh, later, okta } from '../support/store-fixture.ts'
import { type OpenStore, onFresh } from './store-under-test.ts'

export function recordsContract(open: OpenStore): void {
  test(
    'a token is found by its id as it was written, after a restart too',
    onFresh(open, async ({ store, reopen }) => {
      const written = token('t1', { expires: later })
      const { position } = await committed(store, { op: 'token-create', token: written })

      expect(position.revision).toBe(1)
      expect(await store.credentials.find('t1')).toEqual(written)
      expect(await (await reopen()).credentials.find('t1')).toEqual(written)
    }),
  )

  test(
    'a token id is taken once, and its directory must be enrolled',
    onFresh(open, async ({ store }) => {
      await committed(store, { op: 'token-create', token: token('t1') })
      const nowhere = token('t2', { directory: 'nowhere' as typeof entra })

      const again = await store.commit({ op: 'token-create', token: token('t1') }, fresh())
      const lost = await store.commit({ op: 'token-create', token: nowhere }, fresh())

      expect([again.kind, lost.kind]).toEqual(['exists', 'missing'])
    }),
  )

  test(
    'a directory has two live tokens at most; expired and revoked ones do not count',
    onFresh(open, async ({ store }) => {
      const create = (record: TokenRecord) =>
        store.commit({ op: 'token-create', token: record }, fresh())
      await create(token('expired', { created: at, expires: at }))
      await create(token('one', { created: later }))
      await create(token('two', { created: later }))

      const third = await create(token('three', { created: later }))
      await committed(store, { op: 'token-revoke', id: 'one', at: later })
      const next = await create(token('three', { created: later }))
      const elsewhere = await create(token('four', { directory: okta }))

      expect([third.kind, next.kind, elsewhere.kind]).toEqual(['tooMany', 'ok', 'ok'])
    }),
  )

  test(
    'a token is revoked once and keeps the first date',
    onFresh(open, async ({ store }) => {
      await committed(store, { op: 'token-create', token: token('t1') })

      const first = await store.commit({ op: 'token-revoke', id: 't1', at }, fresh())
      const again = await store.commit({ op: 'token-revoke', id: 't1', at: later }, fresh())
      const absent = await store.commit({ op: 'token-revoke', id: 't2', at }, fresh())

      expect([first.kind, again.kind, absent.kind]).toEqual(['ok', 'noop', 'missing'])
      expect(await store.credentials.find('t1')).toMatchObject({ revoked: at })
      expect(await store.credentials.find('t2')).toBeUndefined()
    }),
  )

  test(
    'tokens are listed newest first, by directory or all, revoked ones included',
    onFresh(open, async ({ store }) => {
      await committed(store, { op: 'token-create', token: token('t1') })
      await committed(store, { op: 'token-create', token: token('t2', { directory: okta }) })
      await committed(store, { op: 'token-create', token: token('t3') })
      await committed(store, { op: 'token-revoke', id: 't1', at })

      const ids = async (directory?: typeof entra) =>
        (await store.credentials.list(directory)).map(({ id }) => id)

      expect(await ids()).toEqual(['t3', 't2', 't1'])
      expect(await ids(entra)).toEqual(['t3', 't1'])
    }),
  )

  test(
    'the policy published last is the active one, and history keeps the others',
    onFresh(open, async ({ store, reopen }) => {
      const [one, two] = [policy('v1', undefined), policy('v2', 'v1')]
      expect(await store.policies.active(acme)).toBeUndefined()
      await committed(store, one)
      await committed(store, two)
      await committed(store, { ...one, replaces: 'v2' })
      const restarted = await reopen()

      const active = await restarted.policies.active(acme)
      const history = await restarted.policies.history(acme, 2)

      const { op: _, replaces: __, ...published } = one
      expect(active).toEqual({ ...published, revision: 3 })
      expect(history.map(({ version, revision }) => [version, revision])).toEqual([
        ['v1', 3],
        ['v2', 2],
      ])
    }),
  )

  test(
    'a policy is published only over the version that it replaces',
    onFresh(open, async ({ store }) => {
      const answers = [
        await store.commit(policy('v1', 'v0'), fresh()),
        await store.commit(policy('v1', undefined), fresh()),
        await store.commit(policy('v2', undefined), fresh()),
        await store.commit(policy('v1', undefined), fresh()),
        await store.commit({ ...policy('v9', undefined), tenant: other }, fresh()),
      ]

      expect(answers.map(({ kind }) => kind)).toEqual(['version', 'ok', 'version', 'noop', 'ok'])
      expect((await store.policies.active(acme))?.version).toBe('v1')
      expect((await store.policies.active(other))?.version).toBe('v9')
      expect((await store.position()).revision).toBe(2)
    }),
  )

  test(
    'of two who publish over the same version at once one is told that it moved on',
    onFresh(open, async ({ store }) => {
      await committed(store, policy('v1', undefined))

      const answers = await Promise.all([
        store.commit(policy('v2', 'v1'), fresh()),
        store.commit(policy('v3', 'v1'), fresh()),
      ])

      expect(answers.map(({ kind }) => kind).toSorted()).toEqual(['ok', 'version'])
    }),
  )
}

const other = 'other' as TenantId

function token(id: string, more: Partial<TokenRecord> = {}): TokenRecord {
  return { id, directory: entra, digest: 'd'.repeat(64), label: 'Entra', created: at, ...more }
}

function policy(version: string, replaces: string | undefined): PolicyChange {
  return {
    ...{ op: 'publish', tenant: acme, version, replaces, at, by: 'ann', why: 'because' },
    document: `{"version":"${version}"}`,
    sources: [{ file: 'policy.yaml', text: 'rules: []' }],
  }
}
