import { expect } from 'vitest'
import type { Json, Reply, ScimFixture } from '../scim-http/scim-fixture.ts'

/** One request of an identity provider's synchronisation, and what must come of it. */
export interface Step {
  readonly name: string
  readonly request: (ids: Ids) => SentRequest
  readonly expect: Expected
  /** Keeps the `id` of the answered resource under this name, for later steps. */
  readonly remember?: string
  /** What the directory says about people from this step on. */
  readonly state?: Readonly<Record<string, PersonState>>
}

/** Ids by the names that earlier steps gave them. An id not given yet is a fault of the cycle. */
export type Ids = (name: string) => string

export interface SentRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly headers?: Json
}

export interface Expected {
  readonly status: number
  /** Must be contained in the body. */
  readonly body?: Json | ((ids: Ids) => Json)
  readonly check?: (reply: Reply, ids: Ids) => void
}

/** By userName. `gone`: never came, or was deleted. */
export type PersonState = 'gone' | { readonly active: boolean; readonly groups: readonly string[] }

export type Cycle = readonly Step[]

/** Something else to ask after each step, such as a decision. */
export type AfterStep = (step: Step, ids: Ids, people: ReadonlyMap<string, PersonState>) => unknown

/** Plays a cycle against a server; after each step its claims about people hold. */
export async function replay(
  cycle: Cycle,
  send: ScimFixture['send'],
  after: AfterStep = () => {},
): Promise<void> {
  const known = new Map<string, string>()
  const people = new Map<string, PersonState>()
  const ids: Ids = (name) => {
    const id = known.get(name)
    if (id === undefined) throw new Error(`no earlier step remembered \`${name}\``)
    return id
  }
  for (const step of cycle) {
    const { method, path, body, headers } = step.request(ids)
    const reply = await send(method, path, body, headers)
    expect([step.name, reply.status, reply.text]).toEqual([
      step.name,
      step.expect.status,
      reply.text,
    ])
    const wanted = step.expect.body
    if (wanted !== undefined) {
      const contained = typeof wanted === 'function' ? wanted(ids) : wanted
      expect(reply.body, step.name).toMatchObject(contained)
    }
    if (step.remember !== undefined) known.set(step.remember, reply.body.id)
    step.expect.check?.(reply, ids)
    for (const [userName, state] of Object.entries(step.state ?? {})) people.set(userName, state)
    for (const [userName, state] of people) await expectPerson(step, userName, state, send)
    await after(step, ids, people)
  }
}

async function expectPerson(
  { name }: Step,
  userName: string,
  state: PersonState,
  send: ScimFixture['send'],
): Promise<void> {
  const { body } = await send('GET', `/Users?filter=${eq('userName', userName)}`)
  const seen = body.Resources.map((user: { active?: boolean; groups?: { display: string }[] }) => ({
    active: user.active === true,
    groups: (user.groups ?? []).map(({ display }) => display).toSorted(),
  }))
  const wanted = state === 'gone' ? [] : [{ ...state, groups: [...state.groups].toSorted() }]
  expect([name, userName, seen]).toEqual([name, userName, wanted])
}

/** `path eq "value"`, as it stands in a URL. */
export function eq(path: string, value: string): string {
  return encodeURIComponent(`${path} eq ${JSON.stringify(value)}`)
}

export function listOf(totalResults: number): Json {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:ListResponse']
  return { schemas, totalResults, itemsPerPage: totalResults }
}
