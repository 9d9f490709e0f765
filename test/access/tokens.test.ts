import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newTokenText, parseTokenText } from '../../src/access/token-text.ts'
import { mintToken, Tokens } from '../../src/access/tokens.ts'
import type { DirectoryId } from '../../src/directory/directory.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { CredentialStore, Store } from '../../src/store/store.ts'
import { entra, okta, type TemporaryStore, temporarySqliteStore } from '../support/store-fixture.ts'

let temporary: TemporaryStore
let store: Store
beforeAll(async () => {
  temporary = await temporarySqliteStore()
  store = temporary.store
})
afterAll(() => temporary[Symbol.asyncDispose]())

describe('the text of a token', () => {
  test('names itself, its directory and its id, and is good for any secret', () => {
    for (let count = 0; count < 500; count += 1) {
      const { id, secret, text } = newTokenText('Entra-Prod_2026')
      expect(text).toMatch(/^slp_entrapro_[0-9a-f]{12}_[\w-]{43}_[0-9A-Za-z]{6}$/)
      expect(parseTokenText(text)).toEqual({ id, secret })
    }
  })

  test.each(['', '日本', '___'])('has a hint even for the directory `%s`', (directory) => {
    expect(newTokenText(directory).text).toMatch(/^slp_scim_/)
  })

  test('is refused after any single slip', () => {
    const { text } = newTokenText('entra')
    const slips = [...text].map(
      (letter, at) => text.slice(0, at) + next(letter) + text.slice(at + 1),
    )
    const cut = [...text].map((_, at) => text.slice(0, at))
    for (const slip of [...slips, ...cut, `${text}x`, ` ${text}`]) {
      expect([slip, parseTokenText(slip)]).toEqual([slip, undefined])
    }
  })
})

describe('a token', () => {
  test('lets its holder in, and only its digest is kept', async () => {
    const { token, tokens } = await minted(okta)
    const answer = await tokens.authenticate(`bEaReR ${token}`, okta)
    expect(answer).toMatchObject({ kind: 'ok', caller: { directory: okta } })
    expect(JSON.stringify(await tokens.list())).not.toContain(token.slice(-50, -7))
    await revokeAll(tokens)
  })

  test('is refused on the URL of another directory', async () => {
    const { token, tokens } = await minted(okta)
    expect(await tokens.authenticate(`Bearer ${token}`, entra)).toEqual({
      kind: 'refused',
      why: 'token of another directory',
    })
    await revokeAll(tokens)
  })

  test('is refused once revoked, by its id', async () => {
    const { token, tokens, id } = await minted(okta)
    expect(await tokens.revoke(id)).toEqual({ kind: 'revoked' })
    expect(await tokens.authenticate(`Bearer ${token}`, okta)).toMatchObject({
      why: 'revoked token',
    })
    expect(await tokens.revoke('000000000000')).toEqual({ kind: 'unknown' })
  })

  test('is refused from the instant it expires', async () => {
    let nowMs = Date.parse('2026-01-01T00:00:00Z')
    const clock: Clock = { ...systemClock, wallMs: () => nowMs }
    const tokens = new Tokens(store, clock)
    const expires = '2026-01-01T01:00:00+00:00'
    const created = await tokens.create(okta, { label: 'short', expires })
    if (created.kind !== 'created') throw new Error(created.kind)
    expect(await tokens.authenticate(`Bearer ${created.token}`, okta)).toMatchObject({ kind: 'ok' })
    nowMs += 3_600_000
    expect(await tokens.authenticate(`Bearer ${created.token}`, okta)).toMatchObject({
      why: 'expired token',
    })
    await tokens.revoke(created.record.id)
  })

  test.each([
    ['nothing', undefined, 'no token'],
    ['an empty header', '', 'no token'],
    ['another scheme', 'Basic YTpi', 'not a bearer token'],
    ['no scheme', 'non-token', 'not a bearer token'],
    ['no token', 'Bearer ', 'malformed token'],
    ['a JWT', 'Bearer eyJhbGciOiJub25lIn0.e30.', 'malformed token'],
    ['a megabyte', `Bearer ${'a'.repeat(1_000_000)}`, 'malformed token'],
    ['two tokens', `Bearer ${newTokenText('a').text} ${newTokenText('a').text}`, 'malformed token'],
  ])('%s is refused without asking the store', async (_, header, why) => {
    const tokens = new Tokens(storeWith(asksNobody), systemClock)
    expect(await tokens.authenticate(header, entra)).toEqual({ kind: 'refused', why })
  })

  test('with the id of another one is refused by its secret', async () => {
    const { tokens, id } = await minted(okta)
    const stranger = mintToken(okta, 'x', 0)
    const credentials = { find: async () => ({ ...stranger.record, id }), list: async () => [] }
    const { token } = mintToken(okta, 'y', 0)
    const judged = new Tokens(storeWith(credentials), systemClock)
    expect(await judged.authenticate(`Bearer ${token}`, okta)).toMatchObject({
      why: 'wrong secret',
    })
    await revokeAll(tokens)
  })

  test('is neither right nor wrong while the store is away', async () => {
    const away = async () => {
      throw new StoreUnavailable('gone')
    }
    const tokens = new Tokens(storeWith({ find: away, list: away }), systemClock)
    const { token } = mintToken(okta, 'x', 0)
    expect(await tokens.authenticate(`Bearer ${token}`, okta)).toMatchObject({
      kind: 'unavailable',
    })
  })
})

describe('rotation', () => {
  test('keeps two tokens alive, refuses a third, and names the two', async () => {
    const tokens = new Tokens(store, systemClock)
    const first = await minted(entra)
    const second = await minted(entra)
    const third = await tokens.create(entra, { label: 'third' })
    expect(third).toMatchObject({ kind: 'tooMany', live: [second.id, first.id] })
    expect(third).toMatchObject({ message: expect.stringContaining(`\`${first.id}\``) })
    const replaced = await tokens.create(entra, { label: 'third', replace: first.id })
    expect(replaced.kind).toBe('created')
    expect(await tokens.authenticate(`Bearer ${first.token}`, entra)).toMatchObject({
      why: 'revoked token',
    })
    expect(await tokens.authenticate(`Bearer ${second.token}`, entra)).toMatchObject({ kind: 'ok' })
    await revokeAll(tokens)
  })

  test('replaces no token of another directory', async () => {
    const { tokens, id } = await minted(okta)
    const answer = await tokens.create(entra, { label: 'x', replace: id })
    expect(answer).toEqual({ kind: 'unknownToken' })
    expect((await tokens.list(okta)).find((record) => record.id === id)?.revoked).toBeUndefined()
    await revokeAll(tokens)
  })

  test('makes no token for a directory that is not there', async () => {
    const tokens = new Tokens(store, systemClock)
    const answer = await tokens.create('nowhere' as DirectoryId, { label: 'x' })
    expect(answer).toEqual({ kind: 'unknownDirectory' })
  })
})

async function minted(directory: DirectoryId) {
  const tokens = new Tokens(store, systemClock)
  const created = await tokens.create(directory, { label: 'test' })
  if (created.kind !== 'created') throw new Error(created.kind)
  return { tokens, token: created.token, id: created.record.id }
}

async function revokeAll(tokens: Tokens) {
  for (const record of await tokens.list()) {
    if (tokens.isLive(record)) await tokens.revoke(record.id)
  }
}

function storeWith(credentials: CredentialStore): Store {
  return { credentials } as unknown as Store
}

const asksNobody: CredentialStore = {
  find: () => Promise.reject(new Error('the store was asked')),
  list: () => Promise.reject(new Error('the store was asked')),
}

function next(letter: string): string {
  return letter === 'a' ? 'b' : 'a'
}
