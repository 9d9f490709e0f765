import { fold } from '../directory/identity.ts'

/**
 * Regular expressions as rules have them: characters, `.`, classes, groups, alternatives and
 * quantifiers, over code points. What an automaton cannot run in linear time is refused:
 * back-references and look-around; so are anchors, since a pattern stands for the whole text.
 */
export type PatternNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly ranges: readonly Range[]; readonly isNegated: boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly parts: readonly PatternNode[] }
  | {
      readonly kind: 'repeat'
      readonly part: PatternNode
      readonly min: number
      /** Undefined: without end. */
      readonly max: number | undefined
    }
type SetNode = Extract<PatternNode, { kind: 'set' }>
/** Code points, both included. */
export type Range = readonly [first: number, last: number]

/** `at`: index of the character that is wrong, from 0. */
export interface PatternFault {
  readonly fault: string
  readonly at: number
}

/** `folds`: what is written in upper case means the folded letter, too. */
export function parsePattern(text: string, folds: boolean): PatternNode | PatternFault {
  try {
    return new Parser([...text], folds).whole()
  } catch (error) {
    if (error instanceof Refused) return { fault: error.message, at: error.at }
    throw error
  }
}

class Refused extends Error {
  readonly at: number
  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

class Parser {
  readonly #text: readonly string[]
  readonly #folds: boolean
  #at = 0
  #depth = 0

  constructor(text: readonly string[], folds: boolean) {
    this.#text = text
    this.#folds = folds
  }

  whole(): PatternNode {
    const node = this.#choice()
    if (this.#at < this.#text.length) throw new Refused('`)` closes nothing', this.#at)
    return node
  }

  #choice(): PatternNode {
    const parts = [this.#sequence()]
    while (this.#take('|')) parts.push(this.#sequence())
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts }
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = []
    while (this.#at < this.#text.length && !'|)'.includes(this.#next()))
      parts.push(this.#repeated())
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts }
  }

  #repeated(): PatternNode {
    const part = this.#single()
    const bounds = this.#quantifier()
    if (bounds === undefined) return part
    // As many or as few as possible is the same where the whole text has to match.
    this.#take('?')
    if (this.#at < this.#text.length && '*+?{'.includes(this.#next())) {
      throw new Refused(`\`${this.#next()}\` repeats a repetition`, this.#at)
    }
    return { kind: 'repeat', part, ...bounds }
  }

  #quantifier(): { readonly min: number; readonly max: number | undefined } | undefined {
    if (this.#take('*')) return { min: 0, max: undefined }
    if (this.#take('+')) return { min: 1, max: undefined }
    if (this.#take('?')) return { min: 0, max: 1 }
    if (this.#next() !== '{') return undefined
    const from = this.#at
    const end = this.#text.indexOf('}', from)
    const match = /^\{(\d{1,4})(,(\d{1,4})?)?\}$/.exec(this.#text.slice(from, end + 1).join(''))
    if (match === null)
      throw new Refused('`{` begins no `{2}`, `{2,}` or `{2,5}`: write `\\{`', from)
    this.#at = end + 1
    const min = Number(match[1])
    const max = match[2] === undefined ? min : match[3] === undefined ? undefined : Number(match[3])
    if (max !== undefined && max < min)
      throw new Refused('the least is greater than the most', from)
    return { min, max }
  }

  #single(): PatternNode {
    const from = this.#at
    const character = this.#text[this.#at++]!
    switch (character) {
      case '(':
        return this.#group(from)
      case '[':
        return this.#class(from)
      case '.':
        return { kind: 'set', ranges: [], isNegated: true }
      case '\\':
        return this.#escape(from)
      case '^':
      case '$':
        throw new Refused(
          `\`${character}\` is not needed: a pattern stands for the whole text`,
          from,
        )
      case '*':
      case '+':
      case '?':
        throw new Refused(`\`${character}\` repeats nothing: write \`\\${character}\``, from)
      default:
        return this.#setOf([pointRange(character)], false)
    }
  }

  #group(from: number): PatternNode {
    if (this.#next() === '?') {
      const isLook = ['?=', '?!', '?<=', '?<!'].some((look) => this.#follows(look))
      if (isLook) throw new Refused('look-around cannot run in linear time', from)
      if (!this.#follows('?:')) throw new Refused('groups have no names and no flags', from)
      this.#at += 2
    }
    if (++this.#depth > depthMax) throw new Refused(`groups nest at most ${depthMax} deep`, from)
    const node = this.#choice()
    this.#depth--
    if (!this.#take(')')) throw new Refused('`(` is not closed', from)
    return node
  }

  #escape(from: number): SetNode {
    const character = this.#text[this.#at++]
    if (character === undefined) throw new Refused('`\\` escapes nothing', from)
    if (/[1-9k]/.test(character)) {
      throw new Refused(`back-reference \`\\${character}\` cannot run in linear time`, from)
    }
    const known = classes[character]
    if (known !== undefined) return { kind: 'set', ...known }
    if (/[\p{L}\p{N}]/u.test(character)) throw new Refused(`\`\\${character}\` is no escape`, from)
    return this.#setOf([pointRange(character)], false)
  }

  #class(from: number): PatternNode {
    const isNegated = this.#take('^')
    const ranges: Range[] = []
    while (this.#next() !== ']') {
      if (this.#at >= this.#text.length) throw new Refused('`[` is not closed', from)
      const at = this.#at
      const first = this.#member()
      if (typeof first !== 'number') ranges.push(...first)
      else if (this.#next() === '-' && this.#text[this.#at + 1] !== ']') {
        this.#at++
        const last = this.#member()
        if (typeof last !== 'number' || last < first) throw new Refused('the range is empty', at)
        ranges.push([first, last])
      } else ranges.push([first, first])
    }
    this.#at++
    if (ranges.length === 0) throw new Refused('the class is empty', from)
    return this.#setOf(ranges, isNegated)
  }

  #setOf(ranges: readonly Range[], isNegated: boolean): SetNode {
    return { kind: 'set', ranges: this.#folds ? ranges.flatMap(withFolded) : ranges, isNegated }
  }

  /** A code point, or what `\d` stands for. */
  #member(): number | readonly Range[] {
    const from = this.#at
    const character = this.#text[this.#at++]
    if (character === undefined) throw new Refused('`[` is not closed', from)
    if (character !== '\\') return character.codePointAt(0)!
    const escaped = this.#escape(from)
    const [range] = escaped.ranges
    if (escaped.isNegated) throw new Refused('a class holds no negated class', from)
    const isOne = classes[this.#text[from + 1]!] === undefined
    return isOne ? range![0] : escaped.ranges
  }

  #next(): string {
    return this.#text[this.#at] ?? ''
  }

  #take(character: string): boolean {
    if (this.#next() !== character) return false
    this.#at++
    return true
  }

  #follows(text: string): boolean {
    return this.#text.slice(this.#at, this.#at + text.length).join('') === text
  }
}

/** Nobody reads deeper ones. */
const depthMax = 32

function pointRange(character: string): Range {
  const point = character.codePointAt(0)!
  return [point, point]
}

/** A range, and what its letters are once folded. Of a long one, the Latin letters are. */
function withFolded(range: Range): readonly Range[] {
  const [first, last] = range
  const [from, to] =
    last - first < rangeFoldedMax ? range : [Math.max(first, 65), Math.min(last, 90)]
  const folded: Range[] = [range]
  for (let point = from; point <= to; point++) {
    const [character = '', ...more] = fold(String.fromCodePoint(point))
    if (more.length === 0) folded.push(pointRange(character))
  }
  return folded
}
const rangeFoldedMax = 512

const codes = (text: string): readonly Range[] =>
  text.split(' ').map((pair) => [pair.codePointAt(0)!, pair.codePointAt(pair.length - 1)!])
const digits = codes('09')
const word = codes('09 AZ __ az')
const space: readonly Range[] = [
  [9, 13],
  [32, 32],
  [0xa0, 0xa0],
  [0x2028, 0x2029],
]
const classes: Readonly<
  Record<string, { readonly ranges: readonly Range[]; readonly isNegated: boolean }>
> = {
  __proto__: null as never,
  d: { ranges: digits, isNegated: false },
  D: { ranges: digits, isNegated: true },
  w: { ranges: word, isNegated: false },
  W: { ranges: word, isNegated: true },
  s: { ranges: space, isNegated: false },
  S: { ranges: space, isNegated: true },
  t: { ranges: [[9, 9]], isNegated: false },
  n: { ranges: [[10, 10]], isNegated: false },
  r: { ranges: [[13, 13]], isNegated: false },
}
