import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { believed, isAmong, localCaller } from '../../src/access/caller.ts'
import type { TenantId } from '../../src/directory/directory.ts'

const sent = (...keys: readonly string[]) => new Map(keys.map((key) => [key, `of ${key}`]))
const kept = (names: readonly string[], ...keys: readonly string[]) => [
  ...believed(new Set(names), sent(...keys)).keys(),
]

describe('what a caller sends', () => {
  test('is believed where its row names the key or one above it', () => {
    expect(kept(['country', 'posture'], 'country', 'posture', 'posture.disk.encrypted')).toEqual([
      'country',
      'posture',
      'posture.disk.encrypted',
    ])
  })

  test.each([
    ['that its row does not name', ['country'], 'risk'],
    ['above one that its row names', ['posture.firewall'], 'posture'],
    ['beside one that its row names', ['posture.firewall'], 'posture.disk'],
    ['that only begins alike', ['posture'], 'postures.disk'],
    ['in other letters', ['country'], 'Country'],
    ['of dots alone', [''], '..'],
    ['below nothing', ['posture'], '.posture'],
    ['that is the name of a property of every object', ['country'], '__proto__'],
    ['where its row names none', [], 'country'],
  ])('by a key %s is dropped', (_, names, key) => {
    expect(kept(names, key)).toEqual([])
  })

  test('keeps its values, and what was sent is left as it was', () => {
    const all = sent('country', 'risk')

    const some = believed(new Set(['country']), all)

    expect([...some]).toEqual([['country', 'of country']])
    expect([...all.keys()]).toEqual(['country', 'risk'])
  })

  test('is believed altogether where its row says all', () => {
    const all = sent('anything', 'at.all')
    expect(believed('all', all)).toBe(all)
  })

  test('is never believed in more than was sent, nor in what no name is a prefix of', () => {
    const segment = fc.constantFrom('a', 'b', 'ab', '')
    const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'))
    fc.assert(
      fc.property(fc.array(key), fc.array(key), (names, keys) => {
        const wanted = keys.filter((one) =>
          names.some((name) => one === name || (name !== '' && one.startsWith(`${name}.`))),
        )
        expect(kept(names, ...keys)).toEqual([...new Set(wanted)])
      }),
    )
  })
})

test('a name is among all, or among those listed, and among none of an empty list', () => {
  expect(isAmong('all', 'x')).toBe(true)
  expect(isAmong(new Set(['x']), 'x')).toBe(true)
  expect(isAmong(new Set(['x']), 'X')).toBe(false)
  expect(isAmong(new Set(), 'x')).toBe(false)
})

test('who asks over loopback is believed in everything, and has no name of a connector', () => {
  const caller = localCaller('acme' as TenantId)
  const { applications, context, claims, obligations } = caller
  expect([applications, context, claims, obligations]).toEqual(['all', 'all', 'all', 'all'])
  expect(caller).toMatchObject({ connector: '', tenant: 'acme', explain: true })
})
