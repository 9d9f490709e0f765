import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App, startApp } from '../../src/app/app.ts'
import { readHouseConfig } from '../../src/app/house-config.ts'
import { post, type Reply, send } from './support.ts'

/**
 * The certification scenario of the Authorization API 1.0, at its four levels, asked of the example
 * as it is served: requests, values and structure are the harness's.
 */

const example = join(import.meta.dirname, '../../examples/authzen-certification/sallyport.yaml')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-certification-'))

let app: App
beforeAll(async () => {
  const config = readHouseConfig(example, { store: `sqlite:${join(folder, 'sallyport.db')}` })
  const free = { host: '127.0.0.1', port: 0 }
  const { scim, grpc, authzen, admin } = config.listen
  const listen = {
    scim: { ...scim, ...free },
    grpc: { ...grpc, ...free },
    authzen: { ...authzen, ...free },
    admin: { ...admin, ...free },
  }
  app = await startApp({ ...config, listen, logLevel: 'silent' }, undefined, { lingerMs: 0 })
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const url = (path: string) => `${app.addresses.authzen}${path}`
const evaluation = (body: unknown, headers = {}) =>
  post(url('/access/v1/evaluation'), body, headers)
const evaluations = (body: unknown) => post(url('/access/v1/evaluations'), body)
const search = (what: string, body: unknown) => post(url(`/access/v1/search/${what}`), body)

const alice = { type: 'user', id: 'alice' }
const bob = { type: 'user', id: 'bob' }
const admin = { ...bob, properties: { role: 'admin' } }
const record1 = { type: 'record', id: 'record-1' }
const record2 = { type: 'record', id: 'record-2' }
const archived = { ...record2, properties: { status: 'archived' } }
const [read, write] = [{ name: 'read' }, { name: 'write' }]
const softDelete = (soft: boolean) => ({ name: 'delete', properties: { soft } })
const aliceReads = { subject: alice, action: read, resource: record1 }
const context = { time: '2025-06-27T18:03-07:00', ip: '192.168.1.1' }

function decisions({ status, json }: Reply): readonly unknown[] {
  expect(status).toBe(200)
  expect(json).not.toHaveProperty('decision')
  return json.evaluations.map(({ decision }: { decision: unknown }) => decision)
}

describe('Basic', () => {
  test.each([
    ['1', alice, read, record1, true],
    ['2', alice, write, record1, true],
    ['3', bob, read, record1, true],
    ['4', bob, write, record1, false],
    ['5', alice, write, archived, false],
    ['6', admin, write, archived, true],
    ['7', alice, softDelete(true), record1, true],
    ['8', alice, softDelete(false), record1, false],
  ])(
    'decision %s of the fixture is as it must be, with a context and without, each time',
    async (_, subject, action, resource, wanted) => {
      const asked = { subject, action, resource }
      for (const body of [asked, { ...asked, context }, asked]) {
        const { status, headers, json } = await evaluation(body)
        expect([status, headers['content-type'], json.decision]).toEqual([
          200,
          'application/json',
          wanted,
        ])
        expect(json.context).toBeTypeOf('object')
      }
    },
  )

  test('properties and fields that nobody knows change nothing', async () => {
    const subject = { ...alice, properties: { department: 'Sales', role: 'manager' }, foo: 1 }
    const action = { ...read, properties: { method: 'GET' }, id: 'x' }
    const resource = { ...record1, properties: { status: 'active', owner: 'bob' } }
    const more = { foo: 'bar', futureField: { nested: true } }
    expect((await evaluation({ subject, action, resource, ...more })).json.decision).toBe(true)
  })

  test.each([
    ['subject', { ...aliceReads, subject: undefined }],
    ['action', { ...aliceReads, action: undefined }],
    ['resource', { ...aliceReads, resource: undefined }],
    ['subject.type', { ...aliceReads, subject: { id: 'alice' } }],
    ['subject.id', { ...aliceReads, subject: { type: 'user' } }],
    ['action.name', { ...aliceReads, action: {} }],
    ['resource.type', { ...aliceReads, resource: { id: 'record-1' } }],
    ['resource.id', { ...aliceReads, resource: { type: 'record' } }],
    ['subject', { ...aliceReads, subject: 'alice' }],
    ['action.name', { ...aliceReads, action: { name: 123 } }],
    ['context', { ...aliceReads, context: 'none' }],
    ['subject.properties', { ...aliceReads, subject: { ...alice, properties: [] } }],
  ])('a request at fault in `%s` is a 400 that names it', async (field, body) => {
    const { status, headers, text } = await evaluation(body)
    expect([status, headers['content-type']]).toEqual([400, 'text/plain; charset=utf-8'])
    expect(text).toContain(`\`${field}\``)
  })

  test.each([
    ['a foreign content type', JSON.stringify(aliceReads), { 'content-type': 'text/plain' }],
    ['none', Buffer.from(JSON.stringify(aliceReads)), { 'content-type': '' }],
    ['malformed JSON', '{"subject":', {}],
    ['an empty body', '', {}],
    ['no body', undefined, {}],
    ['a list', '[]', {}],
  ])('%s is a 400', async (_, body, headers) => {
    expect((await evaluation(body, headers)).status).toBe(400)
  })

  test('`X-Request-ID` comes back as it was sent, whatever the answer', async () => {
    const id = { 'x-request-id': 'bfe9eb29 ; "x"' }
    const answers = [
      await evaluation(aliceReads, id),
      await evaluation({}, id),
      await evaluation('x', { ...id, 'content-type': 'text/plain' }),
      await send('GET', url('/nowhere'), undefined, id),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 400, 404])
    for (const { headers } of answers) expect(headers['x-request-id']).toBe(id['x-request-id'])
    expect((await evaluation(aliceReads)).status).toBe(200)
  })
})

describe('Batch', () => {
  test('answers in the order of the request, defaults filled in', async () => {
    const actions = {
      subject: bob,
      resource: record1,
      evaluations: [read, write].map(of('action')),
    }
    expect(decisions(await evaluations(actions))).toEqual([true, false])
    const two = [record1, record2].map(of('resource'))
    expect(
      decisions(await evaluations({ subject: alice, action: read, evaluations: two })),
    ).toEqual([true, true])
    const whole = [aliceReads, { subject: bob, action: write, resource: record1 }]
    expect(decisions(await evaluations({ evaluations: whole }))).toEqual([true, false])
  })

  test('evaluates the properties of each item', async () => {
    const active = { ...record1, properties: { status: 'active' } }
    const resources = [active, archived].map(of('resource'))
    const asked = { subject: alice, action: write, evaluations: resources }
    expect(decisions(await evaluations(asked))).toEqual([true, false])
    const subjects = [alice, admin].map(of('subject'))
    const other = { action: write, resource: archived, evaluations: subjects }
    expect(decisions(await evaluations(other))).toEqual([false, true])
  })

  test('takes a context of its own for an item', async () => {
    const items = [{ resource: record1 }, { resource: record2, context: { source: 'override' } }]
    const asked = { subject: alice, action: read, context, evaluations: items }
    expect(decisions(await evaluations(asked))).toHaveLength(2)
  })

  test('an item that lacks something is false, and the others are answered', async () => {
    const asked = { subject: alice, action: read, evaluations: [{ resource: record1 }, {}] }
    const reply = await evaluations(asked)
    expect(decisions(reply)).toEqual([true, false])
    expect(reply.json.evaluations[1].context.error).toEqual({
      status: 400,
      message: '`resource` is missing',
    })
  })

  test.each([
    ['no list', aliceReads],
    ['an empty list', { ...aliceReads, evaluations: [] }],
  ])('with %s it answers as a single evaluation', async (_, body) => {
    const { status, json } = await evaluations(body)
    expect([status, json.decision]).toEqual([200, true])
    expect(json).not.toHaveProperty('evaluations')
  })
})

describe('Search', () => {
  const userOf = { type: 'user' }
  const whoReads = { subject: userOf, action: read, resource: record1 }

  test.each([
    ['who reads', 'subject', whoReads, [alice, bob]],
    ['who reads, with a context', 'subject', { ...whoReads, context }, [alice, bob]],
    [
      'who writes what is archived',
      'subject',
      { ...whoReads, action: write, resource: archived },
      [bob],
    ],
    [
      'what alice reads',
      'resource',
      { ...aliceReads, resource: { type: 'record' } },
      [record1, record2],
    ],
    [
      'what an administrator writes',
      'resource',
      { subject: admin, action: write, resource: { type: 'record' } },
      [record2],
    ],
    ['what alice does', 'action', { subject: alice, resource: record1 }, [read, write]],
    [
      'what alice does, with a context',
      'action',
      { subject: alice, resource: record1, context },
      [read, write],
    ],
    ['what an administrator does', 'action', { subject: admin, resource: archived }, [read, write]],
  ])('%s', async (_, what, body, results) => {
    const { status, json } = await search(what, body)
    expect([status, json.results, json.page]).toEqual([
      200,
      results,
      { next_token: '', count: results.length },
    ])
  })

  test.each([
    ['subject', whoReads, { subject: { type: 'user', id: 'bob' } }],
    ['resource', { ...aliceReads, resource: { type: 'record' } }, { resource: record2 }],
  ])('the id of the searched %s means nothing', async (what, body, more) => {
    const [without, withId] = [await search(what, body), await search(what, { ...body, ...more })]
    expect(withId.json).toEqual(without.json)
  })

  test('pages without repeating the limit', async () => {
    const first = await search('subject', { ...whoReads, page: { limit: 1 } })
    expect(first.json.results).toEqual([alice])
    const token = first.json.page.next_token
    const second = await search('subject', { ...whoReads, page: { token } })
    expect([second.status, second.json.results, second.json.page.next_token]).toEqual([
      200,
      [bob],
      '',
    ])
  })

  test.each([
    ['an unknown subject', 'action', { subject: { ...alice, id: 'nobody' }, resource: record1 }],
    ['an unknown type of subject', 'subject', { ...whoReads, subject: { type: 'spaceship' } }],
    ['an unknown type of resource', 'resource', { ...aliceReads, resource: { type: 'spaceship' } }],
    ['an unknown resource', 'subject', { ...whoReads, resource: { ...record1, id: 'record-9' } }],
    [
      'a resource of another type',
      'subject',
      { ...whoReads, resource: { ...record1, type: 'file' } },
    ],
    ['an unknown action', 'subject', { ...whoReads, action: { name: 'fly' } }],
  ])('%s is found nowhere, which is no error', async (_, what, body) => {
    const { status, json } = await search(what, body)
    expect([status, json.results]).toEqual([200, []])
  })

  test.each([
    ['subject', 'action', { ...whoReads, action: undefined }],
    ['resource', 'subject', { action: read, resource: { type: 'record' } }],
    ['action', 'resource', { subject: alice }],
    ['subject', 'resource.id', { ...whoReads, resource: { type: 'record' } }],
    ['resource', 'subject.id', { ...whoReads, resource: { type: 'record' } }],
  ])('a %s search without `%s` is a 400', async (what, field, body) => {
    const { status, text } = await search(what, body)
    expect([status, text]).toEqual([400, `\`${field}\` is missing`])
  })
})

describe('Discovery', () => {
  test('names every endpoint below the URL of the server, whatever it is asked as', async () => {
    const pdp = app.addresses.authzen!
    const asked = { host: 'evil.example', 'x-forwarded-host': 'evil.example' }
    const { status, headers, json } = await send(
      'GET',
      url('/.well-known/authzen-configuration'),
      undefined,
      asked,
    )
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
    expect(json).toEqual({
      policy_decision_point: pdp,
      access_evaluation_endpoint: `${pdp}/access/v1/evaluation`,
      access_evaluations_endpoint: `${pdp}/access/v1/evaluations`,
      search_subject_endpoint: `${pdp}/access/v1/search/subject`,
      search_resource_endpoint: `${pdp}/access/v1/search/resource`,
      search_action_endpoint: `${pdp}/access/v1/search/action`,
      supported_obligations: ['step-up', 'notification', 'session_termination', 'custom'],
    })
  })
})

function of(entity: string) {
  return (value: object) => ({ [entity]: value })
}
