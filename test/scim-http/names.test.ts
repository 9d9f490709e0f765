import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eq } from '../idp/cycle.ts'
import { groupBody, type ScimFixture, scimFixture, userBody } from './scim-fixture.ts'

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture({ rate: { perSecond: 1e9, burst: 1e9 } })
})
afterAll(() => fixture[Symbol.asyncDispose]())

/** Letters whose case, accents or width other systems get wrong. */
const letters = [
  ...'aBzÄßéİıſΣςŁ한ﬁ①Ａ',
  'e\u0301',
  'o\u0323\u0302',
  '\u212b',
  '\u1112\u1161\u11ab',
  "'",
  '.',
  '@',
]
const name = fc
  .array(fc.constantFrom(...letters), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(''))
/** What is the same name to everybody who reads it. */
const respellings: readonly ((text: string) => string)[] = [
  (text) => text.normalize('NFC'),
  (text) => text.normalize('NFD'),
  (text) => text.toLowerCase(),
  (text) => text.normalize('NFD').toLowerCase(),
]
/** What is another name, though it may look alike. */
const others: readonly ((text: string) => string)[] = [
  (text) => `${text} `,
  (text) => ` ${text}`,
  (text) => `${text}\u0430`,
  (text) => `${text}\u200b`,
  (text) => `${text}\u0000`,
]

test.each([
  ['/Users', 'userName', userBody],
  ['/Groups', 'displayName', groupBody],
] as const)(
  '%s: every spelling of a name finds its owner, and no other name does',
  async (path, attribute, bodyOf) => {
    const { send } = fixture
    const ids = async (text: string) => {
      const { body } = await send('GET', `${path}?filter=${eq(attribute, text)}`)
      return body.Resources.map(({ id }: { id: string }) => id)
    }
    await fc.assert(
      fc.asyncProperty(name, async (written) => {
        const made: string[] = []
        const create = async (text: string) => {
          const { status, body } = await send('POST', path, bodyOf(text))
          if (status === 201) made.push(body.id)
          return { status, body }
        }
        try {
          const { status, body } = await create(written)
          expect([status, body[attribute]]).toEqual([201, written])
          for (const respelled of respellings.map((spell) => spell(written))) {
            expect([respelled, await ids(respelled)]).toEqual([respelled, [body.id]])
            expect([respelled, (await create(respelled)).status]).toEqual([respelled, 409])
          }
          for (const other of others.map((change) => change(written))) {
            expect([other, await ids(other)]).toEqual([other, []])
            expect([other, (await create(other)).status]).toEqual([other, 201])
          }
        } finally {
          for (const id of made) await send('DELETE', `${path}/${id}`)
        }
      }),
      { numRuns: 60 },
    )
  },
)
