import { type Json, patchBody } from '../scim-http/scim-fixture.ts'
import { eq, type SentRequest } from './cycle.ts'

/** The requests of one provider, all with its headers and its additions to the URL. */
export interface Requests {
  get(path: string): SentRequest
  /** By equality on an attribute, and what else the provider asks. */
  find(path: string, attribute: string, value: string, more?: string): SentRequest
  post(path: string, body: Json): SentRequest
  put(path: string, body: Json): SentRequest
  patch(path: string, ...operations: readonly Json[]): SentRequest
  remove(path: string): SentRequest
}

export function requestsWith(headers: Json): Requests {
  const get = (path: string): SentRequest => ({ method: 'GET', path, headers })
  return {
    get,
    find: (path, attribute, value, more = '') =>
      get(`${path}?filter=${eq(attribute, value)}${more}`),
    post: (path, body) => ({ method: 'POST', path, body, headers }),
    put: (path, body) => ({ method: 'PUT', path, body, headers }),
    patch: (path, ...operations) => {
      const body = patchBody(...operations)
      return { method: 'PATCH', path, body, headers }
    },
    remove: (path) => ({ method: 'DELETE', path, headers }),
  }
}

/** Throws unless it holds: for the `check` of a step. */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}
