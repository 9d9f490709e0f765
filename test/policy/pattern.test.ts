import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileGlob, compilePattern } from '../../src/policy/pattern.ts'

function matches(pattern: string, text: string, folds = false): boolean {
  const compiled = compilePattern(pattern, folds)
  if ('fault' in compiled) throw new Error(`${pattern}: ${compiled.fault}`)
  return compiled.matches(text)
}

test.each([
  ['', ''],
  ['a|bc|', 'bc'],
  ['(?:ab)+c?', 'ababc'],
  ['[a-c\\d_-]{2,3}', 'a-9'],
  ['\\w+@acme\\.example', 'ann_7@acme.example'],
  ['.{3}', 'a😀ß'],
  ['a{0}b', 'b'],
  ['[^a-z]+', 'ABC 1'],
  ['\\S\\s\\D', 'x y'],
  ['(a|b)*?c', 'abbac'],
  ['[\\]\\\\]', ']'],
])('%s is the whole of %s', (pattern, text) => {
  expect(matches(pattern, text)).toBe(true)
})

test('a pattern is not found inside a text', () => {
  expect(matches('b', 'abc')).toBe(false)
  expect(matches('ab', 'abc')).toBe(false)
})

test('for folded texts, what is written in upper case means the folded letter, too', () => {
  expect(matches('Straße-[A-F]\\D', 'straße-bx', true)).toBe(true)
  expect(matches('[^A]', 'a', true)).toBe(false)
})

test.each([
  ['(a)\\1', 'back-reference `\\1` cannot run in linear time', 3],
  ['a(?=b)', 'look-around cannot run in linear time', 1],
  ['(?<name>a)', 'groups have no names and no flags', 0],
  ['^a', '`^` is not needed: a pattern stands for the whole text', 0],
  ['a)', '`)` closes nothing', 1],
  ['(a', '`(` is not closed', 0],
  ['[a', '`[` is not closed', 0],
  ['[]', 'the class is empty', 0],
  ['[z-a]', 'the range is empty', 1],
  ['*a', '`*` repeats nothing: write `\\*`', 0],
  ['a**', '`*` repeats a repetition', 2],
  ['a{3,2}', 'the least is greater than the most', 1],
  ['a{x}', '`{` begins no `{2}`, `{2,}` or `{2,5}`: write `\\{`', 1],
  ['\\q', '`\\q` is no escape', 0],
  ['a\\', '`\\` escapes nothing', 1],
  ['(a{999}){999}', 'it repeats too much: at most 1024 states are allowed', 0],
  [`${'('.repeat(40)}a`, 'groups nest at most 32 deep', 32],
])('%s is refused', (pattern, fault, at) => {
  expect(compilePattern(pattern, false)).toEqual({ fault, at })
})

describe('against the engine of the language:', () => {
  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', 'c')
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { depthSize: 'small' },
      atom,
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b),
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(${a}|${b})`),
      fc
        .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}'))
        .map(([a, quantifier]) => `(?:${a})${quantifier}`),
    ),
  }))
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '_', '-'), maxLength: 8 })

  test('a text matches where it matches there', () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 8 }), (source, texts) => {
        const compiled = compilePattern(source, false)
        if ('fault' in compiled) return
        const theirs = new RegExp(`^(?:${source})$`, 'su')
        for (const each of texts) expect(compiled.matches(each)).toBe(theirs.test(each))
      }),
      { numRuns: 600 },
    )
  })
})

test('a glob takes every character but its two as it is', () => {
  const globs = (glob: string, text: string) => {
    const compiled = compileGlob(glob)
    return 'fault' in compiled ? compiled.fault : compiled.matches(text)
  }
  expect(globs('a.*[x]?', 'a.bcd[x]!')).toBe(true)
  expect(globs('a.*', 'ab')).toBe(false)
  expect(globs('*', '')).toBe(true)
  expect(globs('?', '')).toBe(false)
})

test('the work for a text grows with its length alone, where backtracking would double it', () => {
  const steps = (length: number) => {
    const compiled = compilePattern('(a|a?)+(a|a?)+b', false)
    if ('fault' in compiled) throw new Error(compiled.fault)
    let taken = 0
    const text = {
      *[Symbol.iterator]() {
        for (let at = 0; at < length; at++) {
          taken++
          yield 'a'
        }
      },
    }
    expect(compiled.matches(text as unknown as string)).toBe(false)
    return taken
  }
  expect(steps(1_000)).toBe(1_000)
})
