import { describe, expect, test } from 'vitest'
import { type ConnectorRow, Connectors } from '../../src/access/connectors.ts'
import type { AuthzenOptions } from '../../src/authzen/authzen.ts'
import type { ListSubjects } from '../../src/authzen/candidates.ts'
import { systemClock } from '../../src/std/clock.ts'
import { acme, allowed, ann, payroll, type Rig, startRig } from './support.ts'

const names = ['u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7']

/** Lists the names, or as many as are asked for of endless ones. */
function listing(all: readonly string[]): ListSubjects {
  return async ({ after, max }) => {
    const from = after === undefined ? 0 : Number(after) + 1
    const candidates = all.slice(from, from + max).map((name, at) => ({ name, at: `${from + at}` }))
    return { kind: 'slice', candidates, next: candidates.at(-1)?.at }
  }
}

/** Everybody but those whose name ends in an even number may `connect`, on what is there. */
async function startSearch(options: Partial<AuthzenOptions> = {}): Promise<Rig> {
  const rig = await startRig({
    catalogue: {
      applications: (_, type) => (type === 'application' ? ['crm', 'payroll', 'wiki'] : []),
      actions: () => ['connect', 'delete', 'read'],
    },
    listSubjects: listing(names),
    ...options,
  })
  rig.decisions.check = ({ subject, application = '' }) => ({
    ...allowed,
    application,
    effect: /[02468]$/.test(subject.name) ? 'block' : 'allow',
  })
  return rig
}

const whoConnects = {
  subject: { type: 'user' },
  action: { name: 'connect' },
  resource: payroll,
  context: { country: 'DE', risk: 'low' },
}
const userOf = (id: string) => ({ type: 'user', id })

describe('a search asks of each candidate what an evaluation would', () => {
  test('of subjects', async () => {
    await using rig = await startSearch()
    const subject = { type: 'user-id', id: 'ignored', properties: { role: 'x' } }
    const resource = { ...payroll, properties: { owner: 'bob' } }
    const { json } = await rig.post('search/subject', { ...whoConnects, subject, resource })
    expect(json.results).toEqual(['u1', 'u3', 'u5', 'u7'].map((id) => ({ type: 'user-id', id })))
    expect(rig.decisions.attempts[1]).toMatchObject({
      tenant: acme,
      subject: { kind: 'id', name: 'u2', directory: undefined },
      application: 'payroll',
      applicationType: 'application',
      action: 'connect',
      claims: new Map([['role', 'x']]),
      resourceProperties: new Map([['owner', 'bob']]),
      context: new Map([
        ['country', 'DE'],
        ['risk', 'low'],
      ]),
    })
  })

  test('of resources', async () => {
    await using rig = await startSearch()
    const resource = { type: 'application' }
    const { json } = await rig.post('search/resource', { ...whoConnects, subject: ann, resource })
    expect(json.results.map(({ id }: { id: string }) => id)).toEqual(['crm', 'payroll', 'wiki'])
    expect(rig.decisions.attempts.map(({ application }) => application)).toEqual([
      'crm',
      'payroll',
      'wiki',
    ])
  })

  test.each([[7], [null], [{ type: { toString: 'no text', valueOf: 'no value' } }]])(
    'of actions, whatever is sent as one: %j',
    async (action) => {
      await using rig = await startSearch()
      const { json } = await rig.post('search/action', { ...whoConnects, subject: ann, action })
      expect(json.results).toEqual([{ name: 'connect' }, { name: 'delete' }, { name: 'read' }])
      expect(rig.decisions.attempts.map(({ action }) => action)).toEqual([
        'connect',
        'delete',
        'read',
      ])
    },
  )

  test('and tells the observer of none, since nobody is let in', async () => {
    await using rig = await startSearch()
    await rig.post('search/subject', whoConnects)
    expect(rig.decided).toEqual([])
  })

  test.each([
    ['an action that the application does not have', { action: { name: 'fly' } }],
    ['subjects of a type that is unknown', { subject: { type: 'spaceship' } }],
  ])('but of nobody for %s', async (_, more) => {
    await using rig = await startSearch()
    const { status, json } = await rig.post('search/subject', { ...whoConnects, ...more })
    expect([status, json.results, rig.decisions.attempts]).toEqual([200, [], []])
  })

  test('but of no destinations, which nobody can list', async () => {
    await using rig = await startSearch()
    const body = { ...whoConnects, subject: ann, resource: { type: 'destination' } }
    expect((await rig.post('search/resource', body)).json.results).toEqual([])
  })
})

describe('pages', () => {
  const page = async (rig: Rig, wanted: object, more: object = {}) =>
    await rig.post('search/subject', { ...whoConnects, ...more, page: wanted })

  test('follow one another, each as long as the first, to an empty token', async () => {
    await using rig = await startSearch()
    const first = await page(rig, { limit: 3 })
    expect(first.json).toEqual({
      results: ['u1', 'u3', 'u5'].map(userOf),
      page: { next_token: expect.stringMatching(/^[\w-]+$/), count: 3 },
    })
    const second = await page(rig, { token: first.json.page.next_token })
    expect(second.json).toEqual({ results: [userOf('u7')], page: { next_token: '', count: 1 } })
    expect((await page(rig, { token: '', limit: 3 })).json).toEqual(first.json)
  })

  test('of resources and actions go on behind a name', async () => {
    await using rig = await startSearch()
    const body = { ...whoConnects, subject: ann, resource: { type: 'application' } }
    const first = await rig.post('search/resource', { ...body, page: { limit: 1 } })
    const token = first.json.page.next_token
    const second = await rig.post('search/resource', { ...body, page: { token } })
    expect([first.json.results[0].id, second.json.results[0].id]).toEqual(['crm', 'payroll'])
  })

  test('have a token that is good for any server and any way to write the same search', async () => {
    await using rig = await startSearch()
    await using other = await startSearch()
    const { json } = await page(rig, { limit: 3 })
    const token = json.page.next_token
    const context = { risk: 'low', country: 'DE' }
    const again = await page(other, { limit: 3, token }, { context, foo: 'bar' })
    expect(again.json.results).toEqual([userOf('u7')])
  })

  test.each([
    ['context', { context: { country: 'FR' } }],
    ['subject', { subject: { type: 'user-id' } }],
    ['subject properties', { subject: { type: 'user', properties: { a: 1 } } }],
    ['action', { action: { name: 'read' } }],
    ['resource', { resource: { ...payroll, id: 'crm' } }],
  ])('end with a 400 where the %s is another one', async (_, more) => {
    await using rig = await startSearch()
    const { json } = await page(rig, { limit: 3 })
    const { status, text } = await page(rig, { token: json.page.next_token }, more)
    expect([status, text]).toEqual([400, expect.stringContaining('`page.token`')])
  })

  test.each([
    ['page', 5],
    ['page.limit', { limit: 0 }],
    ['page.limit', { limit: '1' }],
    ['page.limit', { limit: 1.5 }],
    ['page.token', { token: 7 }],
    ['page.token', { token: 'x' }],
    ['page.token', { token: 'A'.repeat(5_000) }],
  ])('with a `%s` of %j are a 400 that names it', async (field, wanted) => {
    await using rig = await startSearch()
    const { status, text } = await page(rig, wanted as object)
    expect([status, text]).toEqual([400, expect.stringContaining(`\`${field}\``)])
  })

  test('with another limit than the first are a 400, and so is a token that was damaged', async () => {
    await using rig = await startSearch()
    const { json } = await page(rig, { limit: 3 })
    const token = json.page.next_token
    expect((await page(rig, { token, limit: 2 })).text).toContain('must stay 3')
    const damaged = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    expect((await page(rig, { token: damaged })).status).toBe(400)
  })

  test('have at most 1,000 results, whatever is wanted', async () => {
    const many = Array.from({ length: 1_500 }, (_, at) => `u${at * 2 + 1}`)
    await using rig = await startSearch({ listSubjects: listing(many) })
    const first = await page(rig, { limit: 5_000 })
    expect(first.json.page.count).toBe(1_000)
    const second = await page(rig, { limit: 5_000, token: first.json.page.next_token })
    expect([second.json.page.count, second.json.page.next_token]).toEqual([500, ''])
  })

  test('end after so many candidates, even with nothing found, and go on from there', async () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `u${at * 2}`)
    await using rig = await startSearch({ listSubjects: listing([...many, 'u-9']) })
    const first = await page(rig, { limit: 1 })
    expect(first.json.results).toEqual([])
    expect(first.json.page.next_token).not.toBe('')
    let { json } = first
    while (json.page.next_token !== '' && json.results.length === 0) {
      json = (await page(rig, { token: json.page.next_token })).json
    }
    expect(json.results).toEqual([userOf('u-9')])
  })
})

describe('what cannot be known is an error, and never an empty answer', () => {
  test.each([
    'POLICY_NOT_LOADED',
    'DIRECTORY_NOT_READY',
    'DIRECTORY_STALE',
    'DIRECTORY_UNAVAILABLE',
    'OVERLOADED',
  ] as const)('%s', async (reason) => {
    await using rig = await startSearch()
    rig.decisions.check = () => ({ ...allowed, effect: 'block', reason })
    const { status, headers, text } = await rig.post('search/subject', whoConnects)
    expect([status, headers['retry-after'], text]).toEqual([
      503,
      '1',
      `nothing can be searched now: ${reason}`,
    ])
  })

  test('users that cannot be read', async () => {
    const cause = new Error('a secret')
    await using rig = await startSearch({
      listSubjects: async () => ({ kind: 'unavailable', cause }),
    })
    const { status, text } = await rig.post('search/subject', whoConnects)
    expect([status, text]).toEqual([503, expect.not.stringContaining('secret')])
  })

  test.each(['subject', 'resource', 'action'] as const)(
    'no policy, in a %s search',
    async (what) => {
      const catalogue = { applications: () => undefined, actions: () => undefined }
      await using rig = await startSearch({ catalogue })
      const body = { ...whoConnects, subject: ann }
      expect((await rig.post(`search/${what}`, body)).status).toBe(503)
    },
  )

  test('a revision that is not reached', async () => {
    await using rig = await startSearch()
    rig.decisions.check = () => ({ kind: 'revision-not-reached' })
    expect((await rig.post('search/subject', whoConnects)).status).toBe(503)
  })

  test('a bug, which reaches the observer', async () => {
    await using rig = await startSearch()
    rig.decisions.check = () => {
      throw new Error('a secret')
    }
    const { status, text } = await rig.post('search/subject', whoConnects)
    expect([status, text, rig.errors.map(String)]).toEqual([
      500,
      'internal error',
      ['Error: a secret'],
    ])
  })
})

describe('a search with the rights of its caller', () => {
  const row: ConnectorRow = {
    connector: 'crm-gateway',
    tenant: acme,
    identity: undefined,
    tokens: [],
    applications: new Set(['crm', 'wiki']),
    context: new Set(),
    claims: new Set(),
    obligations: new Set(),
    explain: false,
    search: true,
    enabled: true,
  }
  const connectors = new Connectors([], [acme])
  connectors.admit = () => ({ kind: 'ok', caller: row })

  test('is refused to one whose row does not say that it may search', async () => {
    const stranger = new Connectors([], [acme])
    stranger.admit = () => ({ kind: 'ok', caller: { ...row, search: false } })
    await using rig = await startSearch({ connectors: stranger })
    for (const search of ['search/subject', 'search/resource', 'search/action'] as const) {
      const { status } = await rig.post(search, { ...whoConnects, subject: ann })
      expect(status).toBe(403)
    }
    expect(rig.decisions.attempts).toEqual([])
  })

  test('finds its own applications alone, and asks about no other', async () => {
    await using rig = await startSearch({ connectors })
    const body = { ...whoConnects, subject: ann, resource: { type: 'application' } }
    const { json } = await rig.post('search/resource', body)
    expect(json.results.map(({ id }: { id: string }) => id)).toEqual(['crm', 'wiki'])
    expect((await rig.post('search/subject', whoConnects)).status).toBe(403)
    expect((await rig.post('search/action', { ...whoConnects, subject: ann })).status).toBe(403)
  })

  test('is told no other application by the place where a page ends before its time', async () => {
    const others = Array.from({ length: 400 }, (_, at) => `a-secret-${at}`)
    const catalogue = { applications: () => [...others, 'crm', 'wiki'], actions: () => [] }
    let nowMs = 0
    // Every look at it finds that a page has lasted too long.
    const monotonicMs = () => (nowMs += 10_000)
    await using rig = await startSearch({
      connectors,
      catalogue,
      clock: { ...systemClock, monotonicMs },
    })
    const body = { ...whoConnects, subject: ann, resource: { type: 'application' } }
    const { json } = await rig.post('search/resource', body)
    const place = Buffer.from(json.page.next_token, 'base64url').toString('latin1')
    expect(place).not.toContain('secret')
  })

  test('does not find what it would find at a destination that is not for it', async () => {
    await using rig = await startSearch({ connectors })
    rig.decisions.check = () => allowed
    const resource = { type: 'destination', id: 'payroll.acme.example:443' }
    expect((await rig.post('search/subject', { ...whoConnects, resource })).json.results).toEqual(
      [],
    )
  })

  test('finds nothing that asks for what it cannot perform', async () => {
    await using rig = await startSearch({ connectors })
    const mfa = { id: 'mfa', type: 'step-up', properties: new Map() }
    rig.decisions.check = () => ({ ...allowed, application: 'crm', obligations: [mfa] })
    const resource = { ...payroll, id: 'crm' }
    expect((await rig.post('search/subject', { ...whoConnects, resource })).json.results).toEqual(
      [],
    )
  })
})

describe('beside a search', () => {
  test('decisions are answered', async () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `u${at * 2}`)
    await using rig = await startSearch({ listSubjects: listing(many) })
    const { check } = rig.decisions
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    rig.decisions.check = (attempt) => {
      begin()
      // 20 µs: all of them take longer than anybody may be held up.
      for (const endMs = performance.now() + 0.02; performance.now() < endMs; );
      return check(attempt)
    }
    const search = rig.post('search/subject', whoConnects).then(() => 'search')
    await begun
    const decision = rig.post('evaluation', { ...whoConnects, subject: ann })
    expect(await Promise.race([search, decision.then(() => 'decision')])).toBe('decision')
    await search
  })

  test('so many others wait, and the next one is told to come again', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const listSubjects: ListSubjects = async (wanted) => {
      await held
      return await listing(names)(wanted)
    }
    await using rig = await startSearch({ listSubjects })
    const answers: Promise<number>[] = []
    const search = async () => (await rig.post('search/subject', whoConnects)).status
    const refused = Promise.withResolvers<number>()
    for (let count = 0; count < 34; count += 1) {
      const answer = search()
      answers.push(answer)
      void answer.then((status) => status === 503 && refused.resolve(status))
    }
    expect(await refused.promise).toBe(503)
    release()
    const statuses = await Promise.all(answers)
    expect(statuses.filter((status) => status === 200)).toHaveLength(33)
  })
})
