import { describe, expect, test } from 'vitest'
import { type Caller, localCaller } from '../../src/access/caller.ts'
import { asBelieved, asPerformed, asTold } from '../../src/access/rights.ts'
import type { TenantId } from '../../src/directory/directory.ts'

const everything = localCaller('acme' as TenantId)
const mayAsk = (...applications: readonly string[]): Caller => ({
  ...everything,
  applications: new Set(applications),
})

const none: ReadonlyMap<string, unknown> = new Map()
const attempt = { application: 'wiki', claims: none, context: none } as const
const answer = {
  effect: 'allow',
  application: 'wiki',
  message: '',
  obligations: [] as readonly { readonly type: string }[],
} as const
const owing = (...types: readonly string[]) => ({
  ...answer,
  obligations: types.map((type) => ({ type })),
})

describe('a caller that may ask about some applications', () => {
  test('is refused another one by its name', () => {
    expect(asBelieved(mayAsk('payroll'), attempt)).toBeUndefined()
    expect(asBelieved(mayAsk('payroll', 'wiki'), attempt)).toBe(attempt)
    expect(asBelieved(mayAsk(), attempt)).toBeUndefined()
  })

  test('is refused the answer where a destination led to another one', () => {
    const byDestination = { ...attempt, application: undefined }

    expect(asBelieved(mayAsk('payroll'), byDestination)).toBe(byDestination)
    expect(asTold(mayAsk('payroll'), answer)).toBeUndefined()
    expect(asTold(mayAsk('payroll'), { ...answer, effect: 'block' })).toBeUndefined()
  })

  test('is told a block that no application was found for', () => {
    const nowhere = { ...answer, effect: 'block', application: '' } as const
    expect(asTold(mayAsk('payroll'), nowhere)).toBe(nowhere)
  })
})

describe('an attempt', () => {
  test('loses the claims and the context that the caller may not send, each by its own list', () => {
    const sent = new Map([['a', 1]])
    const caller = { ...everything, claims: new Set(['a']), context: new Set<string>() }

    const asked = asBelieved(caller, { ...attempt, claims: sent, context: sent })

    expect(asked?.claims).toEqual(sent)
    expect(asked?.context).toEqual(new Map())
  })
})

describe('an allow', () => {
  test('with an obligation that the gateway does not perform becomes a block that names all', () => {
    const told = asPerformed(new Set(['notification']), owing('notification', 'step-up'))

    expect(told.effect).toBe('block')
    expect(told.message).toContain('`step-up`')
    expect(told.obligations).toEqual([{ type: 'notification' }, { type: 'step-up' }])
  })

  test('stays one where all are performed, or there are none', () => {
    const both = owing('notification', 'step-up')
    expect(asPerformed(new Set(['step-up', 'notification']), both)).toBe(both)
    expect(asPerformed('all', both)).toBe(both)
    expect(asPerformed(new Set(), answer)).toBe(answer)
  })
})

test('a block with an obligation that nobody performs goes out as it is', () => {
  const block = { ...owing('step-up'), effect: 'block' } as const
  expect(asPerformed(new Set(), block)).toBe(block)
})
