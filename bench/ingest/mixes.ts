import type { Request } from 'autocannon'
import { enterpriseUrn, type Population, patchBody, userBody, userNameOf } from './population.ts'

/**
 * The sequences that each connection repeats. Only shapes that both servers understand alike:
 * booleans as booleans, operators in lower case, paths with a simple filter, members as a list.
 */
export const mixNames = ['create', 'patch', 'entra'] as const
export type MixName = (typeof mixNames)[number]

export function requestsOf(mix: MixName, population: Population): Request[] {
  switch (mix) {
    case 'create':
      return [create(population)]
    case 'patch':
      return [editAnybody(population), addMember(population)]
    case 'entra':
      // Look up who is new, create, assign; look up who is known, update.
      return [
        lookUpNew(population),
        createLookedUp(population),
        assignCreated(population),
        lookUpAnybody(population),
        editAnybody(population),
      ]
  }
}

/** What a sequence carries from one request to the next. */
interface Sequence {
  number?: number
  created?: string
}

interface Step {
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: string
  readonly body?: object
  /** What is true once the server has said yes. */
  readonly done?: (body: string) => void
}

/** One request of a sequence, made when it is its turn. */
function step(make: (sequence: Sequence) => Step): Request {
  // A connection has one request under way, and its context is its own.
  const under = new WeakMap<object, Step>()
  return {
    setupRequest: (request, context) => {
      const next = make(context as Sequence)
      under.set(context, next)
      const { method, path, body } = next
      return { ...request, method, path, body: body === undefined ? '' : JSON.stringify(body) }
    },
    onResponse: (status, body, context) => {
      if (status >= 200 && status < 300) under.get(context)?.done?.(body)
    },
  }
}

function create(population: Population): Request {
  return step(() => posting(population, population.newNumber()))
}

function lookUpNew(population: Population): Request {
  return step((sequence) => {
    sequence.number = population.newNumber()
    return lookingUp(sequence.number)
  })
}

function lookUpAnybody(population: Population): Request {
  return step(() => lookingUp(population.anybody().number))
}

function createLookedUp(population: Population): Request {
  return step((sequence) => {
    const posted = posting(population, sequence.number!)
    const done = (body: string) => {
      posted.done?.(body)
      sequence.created = (JSON.parse(body) as { readonly id: string }).id
    }
    return { ...posted, done }
  })
}

function assignCreated(population: Population): Request {
  return step(({ created }) => adding(population, created!))
}

function addMember(population: Population): Request {
  return step(() => adding(population, population.anybody().id))
}

function editAnybody(population: Population): Request {
  return step(() => {
    const user = population.anybody()
    const title = population.newTitle()
    const body = patchBody(
      { op: 'replace', path: 'title', value: title },
      { op: 'replace', path: 'displayName', value: `Known as ${title}` },
      { op: 'replace', path: 'emails[type eq "work"].value', value: `${user.number}@acme.example` },
      { op: 'replace', path: `${enterpriseUrn}:department`, value: title },
    )
    const done = () => {
      user.title = title
    }
    return { method: 'PATCH', path: `/Users/${user.id}`, body, done }
  })
}

function posting(population: Population, number: number): Step {
  const done = (body: string) => {
    const { id } = JSON.parse(body) as { readonly id: string }
    population.users.push({ id, number, title: 'Clerk' })
  }
  return { method: 'POST', path: '/Users', body: userBody(number), done }
}

function lookingUp(number: number): Step {
  const filter = encodeURIComponent(`userName eq "${userNameOf(number)}"`)
  return { method: 'GET', path: `/Users?filter=${filter}` }
}

function adding(population: Population, value: string): Step {
  const group = population.newGroupOf(value)
  const body = patchBody({ op: 'add', path: 'members', value: [{ value }] })
  const done = () => {
    group.members.add(value)
  }
  return { method: 'PATCH', path: `/Groups/${group.id}`, body, done }
}
