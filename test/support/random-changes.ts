import fc from 'fast-check'
import {
  type Change,
  type Condition,
  type Json,
  type Operation,
  type Place,
  pathText,
  type Style,
} from './scim-changes.ts'

/** Random requests: most of them right, some wrong, many about the same few values. */

/** A change of somebody who is yet to be chosen. */
export type RawChange = Omit<Change, 'id'> & { readonly who: number }

const idText = fc.nat({ max: 7 }).map((at) => `@${at}`)
const nothing = fc.constantFrom<Json>(null, '', [])
const wrong = fc.constantFrom<Json>(42, ['A', 'B'], { x: 'y' }, [['A']], true)
const word = fc.constantFrom<Json>('A', 'B', 'a@x', 'B@X', 'work')
const text = oftenRight(
  fc.oneof(
    word,
    word.map((one) => [one]),
  ),
)
const flag = oftenRight(fc.constantFrom<Json>(true, false, 'True', 'FALSE', [true]), [0, 'perhaps'])

function oftenRight(right: fc.Arbitrary<Json>, wrongs?: Json[]): fc.Arbitrary<Json> {
  return fc.oneof(
    { weight: 100, arbitrary: right },
    { weight: 8, arbitrary: nothing },
    { weight: 1, arbitrary: wrongs === undefined ? wrong : fc.constantFrom(...wrongs) },
  )
}

type Subs = Readonly<Record<string, fc.Arbitrary<Json>>>
const name: Subs = { givenName: text, familyName: text, formatted: text }
const type = oftenRight(fc.constantFrom<Json>('work', 'home'))
const listed: Subs = { value: text, display: text, type, primary: flag }
const address: Subs = { locality: text, country: text, type, primary: flag }
const manager: Subs = { value: oftenRight(idText), $ref: text }
const lists: Readonly<Record<string, Subs>> = { emails: listed, roles: listed, addresses: address }

function complex(subs: Subs): fc.Arbitrary<Json> {
  const object = fc.record(subs, { requiredKeys: [] }) as fc.Arbitrary<Json>
  return oftenRight(
    fc.oneof(
      { weight: 5, arbitrary: object },
      object.map((one) => [one]),
      word,
    ),
  )
}
function list(subs: Subs): fc.Arbitrary<Json> {
  const one = complex(subs)
  return fc.oneof({ weight: 3, arbitrary: fc.array(one, { maxLength: 3 }) }, one)
}

const enterprise: Subs = { department: text, costCenter: text, manager: complex(manager) }
/** Names that clash now and then, in another case too. */
const uniqueName = oftenRight(fc.constantFrom<Json>(...'abcdefghijklmnopqA'))
const singles = {
  userName: uniqueName,
  displayName: text,
  title: text,
  externalId: text,
  active: flag,
}
const extension = complex(enterprise)
const members = oftenRight(
  fc.oneof(
    fc.array(fc.oneof(idText, fc.record({ value: idText, display: word }) as fc.Arbitrary<Json>), {
      maxLength: 4,
    }),
    fc.record({ value: idText }),
  ) as fc.Arbitrary<Json>,
  [42, [{ display: 'A' }], [null]],
)

const userBody = fc.record(
  {
    ...singles,
    name: complex(name),
    emails: list(listed),
    roles: list(listed),
    addresses: list(address),
    enterprise: extension,
    id: text,
    groups: members,
    shoeSize: text,
  },
  { requiredKeys: ['userName'] },
)
const groupBody = fc.record(
  { displayName: uniqueName, externalId: text, members, id: text },
  { requiredKeys: ['displayName'] },
)

function condition(subs: Subs): fc.Arbitrary<Condition> {
  const named = fc.constantFrom(...Object.keys(subs)).chain((sub): fc.Arbitrary<Condition> => {
    if (sub === 'primary') {
      return fc.record({
        test: fc.constantFrom('eq', 'ne', 'pr'),
        name: fc.constant(sub),
        value: fc.boolean(),
      })
    }
    const value =
      sub === 'type' ? fc.constantFrom('work', 'Home') : fc.constantFrom('A', 'a@X', 'w')
    return fc.record({
      test: fc.constantFrom('eq', 'eq', 'eq', 'ne', 'co', 'sw', 'pr'),
      name: fc.constant(sub),
      value,
    })
  })
  const pair = fc.array(named, { minLength: 2, maxLength: 2 })
  return fc.oneof(
    { weight: 6, arbitrary: named },
    { weight: 2, arbitrary: pair.map((and) => ({ and })) },
    pair.map((or) => ({ or })),
    named.map((not) => ({ not })),
  )
}

type Placed = readonly [Place, Json]
const at = (place: Place, value: fc.Arbitrary<Json>): fc.Arbitrary<Placed> =>
  value.map((one) => [place, one] as const)
const subPlace = (subs: Subs, rest: Place): fc.Arbitrary<Placed> =>
  fc.oneof(...Object.entries(subs).map(([sub, value]) => at({ ...rest, sub }, value)))

function listPlace(attribute: string, subs: Subs): fc.Arbitrary<Placed> {
  const filtered = condition(subs).chain((filter) =>
    fc.oneof(at({ attribute, filter }, complex(subs)), subPlace(subs, { attribute, filter })),
  )
  return fc.oneof(
    { weight: 3, arbitrary: at({ attribute }, list(subs)) },
    subPlace(subs, { attribute }),
    { weight: 6, arbitrary: filtered },
  )
}

const readOnly = fc
  .constantFrom('id', 'meta', 'schemas')
  .chain((attribute) => at({ attribute }, text))
const userPlace = fc.oneof(
  ...Object.entries(singles).map(([attribute, value]) => at({ attribute }, value)),
  at({ attribute: 'name' }, complex(name)),
  subPlace(name, { attribute: 'name' }),
  ...Object.entries(lists).map(([attribute, subs]) => listPlace(attribute, subs)),
  ...Object.entries(lists).map(([attribute, subs]) => listPlace(attribute, subs)),
  at({ extension: true }, extension),
  ...Object.entries(enterprise).map(([attribute, value]) =>
    at({ attribute, extension: true }, value),
  ),
  subPlace(manager, { attribute: 'manager', extension: true }),
  readOnly,
  at({ attribute: 'groups' }, members),
)
const memberFilter = fc
  .array(idText, { minLength: 1, maxLength: 2 })
  .map((ids): Condition => ({ or: ids.map((value) => ({ test: 'eq', name: 'value', value })) }))
const groupPlace = fc.oneof(
  at({ attribute: 'displayName' }, uniqueName),
  at({ attribute: 'externalId' }, text),
  { weight: 6, arbitrary: at({ attribute: 'members' }, members) },
  at({ attribute: 'members', sub: 'display' }, text),
  readOnly,
)

function operation(place: fc.Arbitrary<Placed>): fc.Arbitrary<Operation> {
  const op = fc.constantFrom('add', 'replace', 'remove')
  const byPath = fc.record({ op, placed: place, isBare: fc.boolean() }).map(
    ({ op, placed: [where, value], isBare }): Operation =>
      // A removal comes with and without the old value.
      op === 'remove' && isBare ? { op, place: where } : { op, place: where, value },
  )
  const byKeys = fc.record({
    op: fc.constantFrom('add', 'replace'),
    // One key has one value.
    values: fc.uniqueArray(place, {
      maxLength: 4,
      selector: ([where]) => pathText(where, 'users', { names: 'as they are', otherUrns: false }),
    }),
  })
  return fc.oneof({ weight: 4, arbitrary: byPath }, byKeys)
}

const operations = (of: Change['of']): fc.Arbitrary<readonly Operation[]> => {
  const removal = memberFilter.map(
    (filter): Operation => ({ op: 'remove', place: { attribute: 'members', filter } }),
  )
  const one =
    of === 'users'
      ? operation(userPlace)
      : fc.oneof({ weight: 5, arbitrary: operation(groupPlace) }, removal)
  return fc.array(one, { minLength: 1, maxLength: 4 })
}

const style: fc.Arbitrary<Style> = fc.record({
  names: fc.constantFrom('as they are', 'as they are', 'upper', 'lower'),
  otherUrns: fc.boolean(),
})

function change(
  of: Change['of'],
  body: fc.Arbitrary<{ [name: string]: Json }>,
): fc.Arbitrary<RawChange> {
  const who = fc.nat({ max: 7 })
  const sent = (verb: 'POST' | 'PUT') =>
    fc.record({ of: fc.constant(of), verb: fc.constant(verb), who, body, style })
  return fc.oneof(
    { weight: 3, arbitrary: sent('POST') },
    { weight: 2, arbitrary: sent('PUT') },
    {
      weight: 8,
      arbitrary: fc.record({
        of: fc.constant(of),
        verb: fc.constant('PATCH'),
        who,
        operations: operations(of),
        style,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ of: fc.constant(of), verb: fc.constant('DELETE'), who, style }),
    },
  )
}

const users = change('users', userBody as fc.Arbitrary<{ [name: string]: Json }>)
const groups = change('groups', groupBody as fc.Arbitrary<{ [name: string]: Json }>)
/** Somebody to begin with. */
const first: readonly RawChange[] = (['users', 'users', 'groups'] as const).map((of, at) => ({
  of,
  verb: 'POST',
  who: 0,
  body: of === 'users' ? { userName: `first${at}` } : { displayName: 'first' },
  style: { names: 'as they are', otherUrns: false },
}))

export const changes: fc.Arbitrary<readonly RawChange[]> = fc
  .array(fc.oneof({ weight: 3, arbitrary: users }, { weight: 2, arbitrary: groups }), {
    minLength: 1,
    maxLength: 20,
    size: 'max',
  })
  .map((more) => [...first, ...more])
