/** Nothing an identity provider sends comes near: Entra's longest are under 300 characters. */
export const filterLengthMax = 8 * 1024

/**
 * A piece of a filter. Numbers, `true`, operators and attribute paths are all words: which they
 * are depends on where they stand.
 */
export interface Token {
  readonly kind: 'word' | 'string' | '(' | ')' | '[' | ']' | 'end'
  /** Of a string, the characters it stands for. */
  readonly text: string
  /** Offset in the filter. */
  readonly at: number
  /** Whether a blank, or nothing, stands before it. */
  readonly spaced: boolean
}

/** Why a filter cannot be read or used. `at` is the offset in its text. */
export interface FilterFault {
  readonly kind: 'fault'
  readonly message: string
  readonly at: number
}

/** Reads each character once, whatever the input, and without a regular expression. */
export function tokens(text: string): readonly Token[] | FilterFault {
  if (text.length > filterLengthMax) {
    return fault(`longer than ${filterLengthMax} characters`, filterLengthMax)
  }
  const found: Token[] = []
  let at = 0
  for (;;) {
    const start = at
    while (isBlank(text.charCodeAt(at))) at += 1
    const spaced = at > start || at === 0
    if (at >= text.length) {
      found.push({ kind: 'end', text: '', at: text.length, spaced })
      return found
    }
    const token = tokenAt(text, at, spaced)
    if ('message' in token) return token
    const before = found.at(-1)
    if (!spaced && isOperand(token.token) && before !== undefined && isOperand(before)) {
      return fault(`a blank is missing before ${quoted(token.token.text)}`, at)
    }
    found.push(token.token)
    at = token.end
  }
}

/** Input as an error shows it: on one line, and not all of a long one. */
export function quoted(text: string): string {
  const shown = text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}…` : text
  return `\`${JSON.stringify(shown).slice(1, -1)}\``
}

export function fault(message: string, at: number): FilterFault {
  return { kind: 'fault', message, at }
}

interface Read {
  readonly token: Token
  readonly end: number
}

function tokenAt(text: string, at: number, spaced: boolean): Read | FilterFault {
  const mark = text[at]!
  if (mark === '(' || mark === ')' || mark === '[' || mark === ']') {
    return { token: { kind: mark, text: mark, at, spaced }, end: at + 1 }
  }
  if (mark === '"') return stringAt(text, at, spaced)
  if (mark === "'") return fault('a text value stands in double quotes', at)
  let end = at
  while (isWordCode(text.charCodeAt(end))) end += 1
  if (end > at) return { token: { kind: 'word', text: text.slice(at, end), at, spaced }, end }
  return fault(`${quoted(mark)} cannot stand here`, at)
}

/** A JSON string (RFC 8259 §7), which is what RFC 7644 §3.4.2.2 asks for. */
function stringAt(text: string, at: number, spaced: boolean): Read | FilterFault {
  let value = ''
  let from = at + 1
  let next = from
  for (;;) {
    const code = text.charCodeAt(next)
    if (code === quote) {
      value += text.slice(from, next)
      return { token: { kind: 'string', text: value, at, spaced }, end: next + 1 }
    }
    if (Number.isNaN(code)) return fault('the text value has no closing double quote', at)
    if (code < 0x20) return fault('a control character in a text value must be escaped', next)
    if (code !== backslash) {
      next += 1
      continue
    }
    const escaped = escapeAt(text, next)
    if (escaped === undefined) {
      return fault(`${quoted(text.slice(next, next + 2))} is no escape that JSON knows`, next)
    }
    value += text.slice(from, next) + escaped
    next += text[next + 1] === 'u' ? 6 : 2
    from = next
  }
}

function escapeAt(text: string, at: number): string | undefined {
  const letter = text[at + 1]
  if (letter === undefined) return undefined
  if (letter !== 'u') return escapes.get(letter)
  let code = 0
  for (let next = at + 2; next < at + 6; next += 1) {
    const digit = hexDigit(text.charCodeAt(next))
    if (digit === undefined) return undefined
    code = code * 16 + digit
  }
  return String.fromCharCode(code)
}

function hexDigit(code: number): number | undefined {
  if (isDigit(code)) return code - 48
  const letter = code | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : undefined
}

function isOperand(token: Token): boolean {
  return token.kind === 'word' || token.kind === 'string'
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d
}

/** What names, numbers and URNs (RFC 8141 §2) are made of. */
function isWordCode(code: number): boolean {
  return isLetter(code) || isDigit(code) || wordMarks.has(code)
}

export function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

const shownLengthMax = 60
const quote = 0x22
const backslash = 0x5c
const wordMarks = new Set([...'-._~:/?#@!$&*+,;=%'].map((mark) => mark.charCodeAt(0)))
const escapes = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])
