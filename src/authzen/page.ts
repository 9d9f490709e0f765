import { isObject, type Json } from '../decision/sent-json.ts'
import { pageLimitDefault, pageLimitMax } from './limits.ts'
import { fromToken } from './page-token.ts'
import { badRequest, type Failure } from './status.ts'

/** Which page of a search is wanted. */
export interface WantedPage {
  /** Undefined: the first. */
  readonly after: string | undefined
  readonly limit: number
  /** What its tokens belong to. */
  readonly query: string
  /** What is answered where `after` is no place any more. */
  readonly lost: Failure
}

/**
 * `page` of a request. Without a limit a further page is as long as the first; with another one it
 * would be another query.
 */
export function readPage(json: Json, query: string): WantedPage | Failure {
  if (json === undefined) {
    return { after: undefined, limit: pageLimitDefault, query, lost: lostPlace }
  }
  if (!isObject(json)) return badRequest([{ field: 'page', description: 'is not an object' }])
  const { token, limit } = json
  if (limit !== undefined && !isLimit(limit)) {
    return badRequest([{ field: 'page.limit', description: 'is not a number of 1 or more' }])
  }
  const wanted = limit === undefined ? undefined : Math.min(limit, pageLimitMax)
  // The empty token ends every search: who sends it back begins again.
  if (token === undefined || token === '') {
    return { after: undefined, limit: wanted ?? pageLimitDefault, query, lost: lostPlace }
  }
  if (typeof token !== 'string') {
    return badRequest([{ field: 'page.token', description: 'is not a string' }])
  }
  const place = fromToken(token, query)
  if (place === undefined || place.limit > pageLimitMax) return lostPlace
  if (wanted !== undefined && wanted !== place.limit) {
    const description = `must stay ${place.limit} from the first page to the last`
    return badRequest([{ field: 'page.limit', description }])
  }
  return { ...place, query, lost: lostPlace }
}

function isLimit(json: Json): json is number {
  return Number.isSafeInteger(json) && (json as number) >= 1
}

const lostPlace = badRequest([
  {
    field: 'page.token',
    description: 'is none that this search was answered with: nothing but it may change',
  },
])
