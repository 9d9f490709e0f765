import { type PatternFault, type PatternNode, parsePattern, type Range } from './pattern-parser.ts'

/** A text that is asked whether it is of a form, as a whole. */
export interface Pattern {
  /** In time that grows with the text alone, whatever pattern and text are. */
  matches(text: string): boolean
}

/** A regular expression, anchored at both ends; `folds`: for texts that are folded. */
export function compilePattern(text: string, folds: boolean): Pattern | PatternFault {
  const parsed = parsePattern(text, folds)
  return 'fault' in parsed ? parsed : automatonOf(parsed)
}

/** `*` stands for any run of characters, `?` for one. */
export function compileGlob(text: string): Pattern | PatternFault {
  const parts = [...text].map((character): PatternNode => {
    const any: PatternNode = { kind: 'set', ranges: [], isNegated: true }
    if (character === '?') return any
    if (character === '*') return { kind: 'repeat', part: any, min: 0, max: undefined }
    const point = character.codePointAt(0)!
    return { kind: 'set', ranges: [[point, point]], isNegated: false }
  })
  return automatonOf({ kind: 'sequence', parts })
}

function automatonOf(node: PatternNode): Pattern | PatternFault {
  const builder = new Builder()
  const start = builder.add(node, builder.end)
  if (start === undefined) {
    return { fault: `it repeats too much: at most ${statesMax} states are allowed`, at: 0 }
  }
  return new Automaton(builder.states, start, builder.end)
}

/** What a state does: takes one character of a set, or goes on to others without taking any. */
type State =
  | { readonly set: CharacterSet; readonly next: number }
  | { readonly set: undefined; readonly next: readonly number[] }

interface CharacterSet {
  readonly ranges: readonly Range[]
  readonly isNegated: boolean
}

/** Thompson's construction, from the end to the beginning. */
class Builder {
  readonly states: State[] = [{ set: undefined, next: [] }]
  readonly end = 0

  /** The state from which `node` leads to `next`; undefined: there would be too many. */
  add(node: PatternNode, next: number): number | undefined {
    switch (node.kind) {
      case 'empty':
        return next
      case 'set':
        return this.#push({ set: node, next })
      case 'sequence': {
        let at: number | undefined = next
        for (const part of node.parts.toReversed()) {
          at = at === undefined ? undefined : this.add(part, at)
        }
        return at
      }
      case 'choice': {
        const ways = node.parts.map((part) => this.add(part, next))
        return ways.every((way) => way !== undefined)
          ? this.#push({ set: undefined, next: ways })
          : undefined
      }
      case 'repeat':
        return this.#repeat(node, next)
    }
  }

  #repeat(
    { part, min, max }: Extract<PatternNode, { kind: 'repeat' }>,
    next: number,
  ): number | undefined {
    let at: number | undefined = next
    if (max === undefined) {
      const ways: number[] = [next]
      at = this.#push({ set: undefined, next: ways })
      const again = at === undefined ? undefined : this.add(part, at)
      if (again === undefined) return undefined
      ways.push(again)
    }
    for (let count = min; max !== undefined && count < max; count++) {
      const once: number | undefined = at === undefined ? undefined : this.add(part, at)
      at = once === undefined ? undefined : this.#push({ set: undefined, next: [once, next] })
    }
    for (let count = 0; count < min && at !== undefined; count++) at = this.add(part, at)
    return at
  }

  #push(state: State): number | undefined {
    if (this.states.length >= statesMax) return undefined
    return this.states.push(state) - 1
  }
}

/** With the longest text, all of them at each character are some milliseconds. */
const statesMax = 1_024

/** Follows all ways at once: each state is entered at most once a character. */
class Automaton implements Pattern {
  readonly #states: readonly State[]
  readonly #start: number
  readonly #end: number
  /** At which step a state was entered last. */
  readonly #entered: Uint32Array
  #step = 0

  constructor(states: readonly State[], start: number, end: number) {
    this.#states = states
    this.#start = start
    this.#end = end
    this.#entered = new Uint32Array(states.length)
  }

  matches(text: string): boolean {
    this.#entered.fill(0)
    this.#step = 1
    let current: number[] = []
    this.#enter(this.#start, current)
    for (const character of text) {
      const point = character.codePointAt(0)!
      const next: number[] = []
      this.#step++
      for (const at of current) {
        const state = this.#states[at]!
        if (state.set !== undefined && holds(state.set, point)) this.#enter(state.next, next)
      }
      if (next.length === 0) return false
      current = next
    }
    return this.#entered[this.#end] === this.#step
  }

  /** A state, and all that it goes on to without a character. */
  #enter(from: number, entered: number[]): void {
    const waiting = [from]
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (this.#entered[at] === this.#step) continue
      this.#entered[at] = this.#step
      entered.push(at)
      const state = this.#states[at]!
      if (state.set === undefined) waiting.push(...state.next)
    }
  }
}

function holds({ ranges, isNegated }: CharacterSet, point: number): boolean {
  for (let at = 0; at < ranges.length; at++) {
    const [first, last] = ranges[at]!
    if (point >= first && point <= last) return !isNegated
  }
  return isNegated
}
