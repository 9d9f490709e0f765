import { expect, test } from 'vitest'
import { z } from 'zod'
import { printFaults } from '../../src/std/fault.ts'
import { faultsOf, parseLocatedYaml } from '../../src/std/located-yaml.ts'
import { nearestName } from '../../src/std/nearest-name.ts'

function parsed(text: string) {
  const document = parseLocatedYaml(text, 'a.yaml')
  if (document.kind !== 'document') throw new Error(printFaults(document.faults))
  return document
}

test('NO is Norway and on is a string, as YAML 1.2 has it', () => {
  expect(parsed('country: NO\nscimSync: on').value).toEqual({ country: 'NO', scimSync: 'on' })
})

test.each([
  ['a duplicate key', 'a: 1\na: 2', 2],
  ['an unclosed quote', 'a: "x', 1],
  ['a second document', 'a: 1\n---\nb: 2', 2],
  ['a tab as indentation', 'a:\n\tb: 1', 2],
])('%s is a fault with its line', (_, text, line) => {
  const document = parseLocatedYaml(text, 'a.yaml')
  expect(document).toMatchObject({ kind: 'faults' })
  if (document.kind === 'faults') expect(document.faults[0]).toMatchObject({ file: 'a.yaml', line })
})

test('a merge key is an ordinary key, so a strict schema refuses it', () => {
  expect(parsed('x: &x { a: 1 }\ny: { <<: *x }').value).toEqual({
    x: { a: 1 },
    y: { '<<': { a: 1 } },
  })
})

test('a small file cannot unfold into a huge one', () => {
  const level = (name: string, of: string) => `${name}: &${name} [${`*${of},`.repeat(9)}]`
  const text = ['a: &a [1,1,1,1,1,1,1,1,1]', level('b', 'a'), level('c', 'b'), level('d', 'c')]
  expect(parseLocatedYaml(text.join('\n'), 'a.yaml').kind).toBe('faults')
})

test('every fault a schema finds names its place, and an unknown key the nearest known one', () => {
  const document = parsed('rules:\n  - id: 7\n    efect: allow\n')
  const rule = z.strictObject({ id: z.string(), effect: z.string().optional() })
  const schema = z.strictObject({ rules: z.array(rule).default([]) })
  const result = schema.safeParse(document.value)
  const faults = faultsOf(result.error!, document, schema)
  expect(printFaults(faults)).toBe(
    [
      'a.yaml:2:9: `rules[0].id`: Invalid input: expected string, received number',
      'a.yaml:3:5: `rules[0].efect` is unknown (did you mean `effect`?); known here: id, effect',
    ].join('\n'),
  )
})

test('a name that resembles nothing gets no suggestion', () => {
  expect(nearestName('zebra', ['department', 'title'])).toBeUndefined()
})
