import {
  type FilterFault,
  fault,
  isDigit,
  isLetter,
  quoted,
  type Token,
  tokens,
} from './filter-lexer.ts'
import { sameName } from './schema-registry.ts'

/**
 * A filter of RFC 7644 §3.4.2.2 as a tree: SCIM searches, PATCH value paths and the rules of a
 * policy all read it with this one parser and judge it with one evaluator.
 *
 * Not here: what its names mean (path-resolution), which resources it holds for (filter-evaluate).
 */
export type Filter =
  | { readonly op: 'and' | 'or'; readonly terms: readonly Filter[] }
  | { readonly op: 'not'; readonly term: Filter }
  | { readonly op: 'present'; readonly path: PathText }
  | Comparison
  | ValuePath

export interface Comparison {
  readonly op: Operator
  readonly path: PathText
  readonly value: Operand
}
/**
 * `emails[type eq "work"]`: one and the same element fulfils the filter. The form
 * `emails[type eq "work"].value eq "x"`, which Entra sends, becomes
 * `emails[type eq "work" and value eq "x"]`.
 */
export interface ValuePath {
  readonly op: 'valuePath'
  readonly path: PathText
  /** Over one element: its paths name sub-attributes. */
  readonly filter: Filter
}

export type Operator = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le'
export type Operand = string | number | boolean | null

/** An attribute path as it was written; nothing is looked up yet. */
export interface PathText {
  readonly urn: string | undefined
  readonly attribute: string
  readonly subAttribute: string | undefined
  /** Offset in the filter. */
  readonly at: number
}

/** Parentheses, `not` and brackets within each other. People stop at three. */
export const filterDepthMax = 32
/** Comparisons in one filter: each is evaluated for each resource of a search. */
export const filterTermsMax = 64

export type ParsedFilter = { readonly kind: 'filter'; readonly filter: Filter } | FilterFault

export function parseFilter(text: string): ParsedFilter {
  const found = tokens(text)
  if ('message' in found) return found
  const parser = new Parser(found)
  const filter = parser.wholeFilter()
  return filter === undefined ? parser.fault : { kind: 'filter', filter }
}

/** A PATCH path (RFC 7644 §3.5.2), nothing looked up yet. */
export interface ParsedPath {
  readonly kind: 'path'
  readonly path: PathText
  readonly filter?: Filter
}

export type PathTextFault = FilterFault & { readonly inFilter: boolean }

export function parsePath(text: string): ParsedPath | PathTextFault {
  const open = text.indexOf('[')
  const found = tokens(text)
  if ('message' in found) return { ...found, inFilter: open >= 0 && found.at > open }
  const parser = new Parser(found)
  const path = parser.wholePath()
  return path ?? { ...parser.fault, inFilter: parser.inFilter }
}

/** Whether the text can be the name of an attribute (RFC 7643 §2.1); `$ref` is one by exception. */
export function isAttributeName(text: string): boolean {
  for (let at = text[0] === '$' ? 1 : 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (!isLetter(code) && (at === 0 || !(isDigit(code) || code === hyphen || code === underscore)))
      return false
  }
  return text !== '' && text !== '$'
}

/** Recursive descent. A method that cannot go on answers undefined and leaves its `fault`. */
class Parser {
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0
  #terms = 0
  #fault: FilterFault | undefined
  /** Whether the brackets of a value path are open. */
  inFilter = false

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get fault(): FilterFault {
    return this.#fault ?? fault('cannot be read', 0)
  }

  wholeFilter(): Filter | undefined {
    const filter = this.#either()
    const rest = this.#peek()
    if (filter === undefined || rest.kind === 'end') return filter
    if (rest.kind === ')') return this.#fail('`)` closes nothing', rest)
    return this.#fail(`\`and\` or \`or\` is missing before ${named(rest)}`, rest)
  }

  wholePath(): ParsedPath | undefined {
    const word = this.#take()
    if (word.kind !== 'word' || !isUnspaced(word)) return this.#fail('not an attribute path', word)
    const path = this.#path(word)
    if (path === undefined) return undefined
    if (this.#peek().kind !== '[') return this.#ends({ kind: 'path', path })
    const filter = this.#brackets(path)
    if (filter === undefined) return undefined
    const sub = this.#peek()
    if (sub.kind !== 'word') return this.#ends({ kind: 'path', path, filter })
    const subAttribute = this.#subAttribute()
    if (subAttribute === undefined) return undefined
    return this.#ends({ kind: 'path', path: { ...path, subAttribute }, filter })
  }

  #either(): Filter | undefined {
    return this.#joined('or', () => this.#joined('and', () => this.#single()))
  }

  #joined(op: 'and' | 'or', part: () => Filter | undefined): Filter | undefined {
    const first = part()
    if (first === undefined) return undefined
    const terms = [first]
    while (isKeyword(this.#peek(), op)) {
      this.#take()
      const term = part()
      if (term === undefined) return undefined
      terms.push(term)
    }
    return terms.length === 1 ? first : { op, terms }
  }

  #single(): Filter | undefined {
    const token = this.#take()
    if (token.kind === '(') return this.#group(token)
    if (token.kind !== 'word') return this.#fail('an attribute is missing here', token)
    const next = this.#peek()
    if (isKeyword(token, 'not')) {
      if (next.kind === '(') return this.#negation()
      // Otherwise it can only be an attribute of that name.
      const isAttribute = next.kind === '[' || next.kind === 'end' || isOperator(next)
      if (!isAttribute) return this.#fail('`not` needs parentheses: `not (…)`', next)
    }
    const path = this.#path(token)
    if (path === undefined) return undefined
    return next.kind === '[' && !next.spaced ? this.#valuePath(path) : this.#comparison(path)
  }

  #negation(): Filter | undefined {
    const term = this.#group(this.#take())
    return term && { op: 'not', term }
  }

  #group(open: Token): Filter | undefined {
    if (!this.#enter(open)) return undefined
    const filter = this.#either()
    if (filter === undefined) return undefined
    this.#depth -= 1
    const close = this.#take()
    return close.kind === ')' ? filter : this.#fail('`)` is missing here', close)
  }

  #valuePath(path: PathText): Filter | undefined {
    const filter = this.#brackets(path)
    if (filter === undefined) return undefined
    const sub = this.#peek()
    if (sub.kind !== 'word' || sub.spaced) return { op: 'valuePath', path, filter }
    const attribute = this.#subAttribute()
    if (attribute === undefined || !this.#count(sub)) return undefined
    const test = this.#comparison({
      urn: undefined,
      attribute,
      subAttribute: undefined,
      at: sub.at,
    })
    if (test === undefined) return undefined
    const terms = filter.op === 'and' ? [...filter.terms, test] : [filter, test]
    return { op: 'valuePath', path, filter: { op: 'and', terms } }
  }

  #brackets(path: PathText): Filter | undefined {
    const open = this.#take()
    if (path.subAttribute !== undefined) {
      return this.#fail('brackets cannot follow a sub-attribute', open)
    }
    // Not a comparison itself: those within the brackets count.
    this.#terms -= 1
    if (this.inFilter) return this.#fail('brackets cannot stand within brackets', open)
    if (!this.#enter(open)) return undefined
    this.inFilter = true
    const filter = this.#either()
    if (filter === undefined) return undefined
    const close = this.#take()
    if (close.kind !== ']') return this.#fail('`]` is missing here', close)
    this.inFilter = false
    this.#depth -= 1
    return filter
  }

  /** What follows a `]`, its dot included. */
  #subAttribute(): string | undefined {
    const word = this.#take()
    const name = word.text.slice(1)
    if (word.text[0] === '.' && !word.spaced && isAttributeName(name)) return name
    return this.#fail(`${named(word)} cannot follow the brackets`, word)
  }

  #comparison(path: PathText): Filter | undefined {
    const word = this.#take()
    if (isKeyword(word, 'pr')) return { op: 'present', path }
    const op = operators.find((name) => isKeyword(word, name))
    if (op === undefined) {
      return this.#fail(`an operator such as \`eq\` is missing before ${named(word)}`, word)
    }
    const token = this.#take()
    if (token.kind === 'string') return { op, path, value: token.text }
    const value = token.kind === 'word' ? literal(token.text) : undefined
    if (value !== undefined) return { op, path, value }
    if (token.kind !== 'word') return this.#fail(`a value is missing after \`${op}\``, token)
    return this.#fail(`a text value stands in double quotes: ${quoted(token.text)}`, token)
  }

  #path(word: Token): PathText | undefined {
    if (!this.#count(word)) return undefined
    // RFC 7644 §3.10. The last colon: the dots of a version such as `2.0` stand before it.
    const colon = word.text.lastIndexOf(':')
    const rest = word.text.slice(colon + 1)
    const dot = rest.indexOf('.')
    const urn = colon < 0 ? undefined : word.text.slice(0, colon)
    const attribute = dot < 0 ? rest : rest.slice(0, dot)
    const subAttribute = dot < 0 ? undefined : rest.slice(dot + 1)
    if (urn === '' || !isAttributeName(attribute) || !isAttributeName(subAttribute ?? attribute)) {
      return this.#fail(`${quoted(word.text)} is no attribute path`, word)
    }
    return { urn, attribute, subAttribute, at: word.at }
  }

  #count(word: Token): boolean {
    this.#terms += 1
    if (this.#terms <= filterTermsMax) return true
    this.#fail(`more than ${filterTermsMax} comparisons`, word)
    return false
  }

  #enter(open: Token): boolean {
    this.#depth += 1
    if (this.#depth <= filterDepthMax) return true
    this.#fail(`nested deeper than ${filterDepthMax}`, open)
    return false
  }

  #ends(path: ParsedPath): ParsedPath | undefined {
    const rest = this.#peek()
    if (rest.kind === 'end' && isUnspaced(rest)) return path
    return this.#fail(`the path should end before ${named(rest)}`, rest)
  }

  #peek(): Token {
    return this.#tokens[this.#next]!
  }

  /** The last token, the end, can be taken any number of times. */
  #take(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#next += 1
    return token
  }

  #fail(message: string, token: Token): undefined {
    this.#fault ??= fault(message, token.at)
    return undefined
  }
}

function named(token: Token): string {
  return token.kind === 'end' ? 'the end' : quoted(token.text)
}

function isKeyword(token: Token, keyword: string): boolean {
  return token.kind === 'word' && sameName(token.text, keyword)
}

function isUnspaced(token: Token): boolean {
  return !token.spaced || token.at === 0
}

function isOperator(token: Token): boolean {
  return isKeyword(token, 'pr') || operators.some((name) => isKeyword(token, name))
}

/** RFC 7644 §3.4.2.2 writes `true`; some clients write `True`. */
function literal(text: string): Exclude<Operand, string> | undefined {
  if (sameName(text, 'true')) return true
  if (sameName(text, 'false')) return false
  if (sameName(text, 'null')) return null
  return isJsonNumber(text) && Number.isFinite(Number(text)) ? Number(text) : undefined
}

/** RFC 8259 §6: no leading zero, plus sign, or bare point. */
function isJsonNumber(text: string): boolean {
  let at = text[0] === '-' ? 1 : 0
  const digits = () => {
    const from = at
    while (isDigit(text.charCodeAt(at))) at += 1
    return at - from
  }
  const leadingZero = text[at] === '0'
  const whole = digits()
  if (whole === 0 || (leadingZero && whole > 1)) return false
  if (text[at] === '.') {
    at += 1
    if (digits() === 0) return false
  }
  if (text[at] === 'e' || text[at] === 'E') {
    at += text[at + 1] === '+' || text[at + 1] === '-' ? 2 : 1
    if (digits() === 0) return false
  }
  return at === text.length
}

const hyphen = 0x2d
const underscore = 0x5f
const operators: readonly Operator[] = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le']
