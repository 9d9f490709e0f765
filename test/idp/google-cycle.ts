import { type Json, userUrn } from '../scim-http/scim-fixture.ts'
import { type Cycle, listOf } from './cycle.ts'
import { must, requestsWith } from './requests.ts'

const kim = 'kim@acme.example'
const lea = 'lea@acme.example'
const { get, find, post, put, patch, remove } = requestsWith({
  'user-agent': 'Google-Auto-Provisioning',
})

/** Filled by the step that reads `/Schemas`: Google maps what it finds there, and nothing else. */
let mapped: Json = {}

interface Attribute {
  readonly name: string
  readonly type: string
  readonly multiValued: boolean
  readonly mutability: string
  readonly subAttributes?: readonly Attribute[]
}

/** A value for each attribute that can be written, as the schema describes it. */
function valuesOf(attributes: readonly Attribute[]): Json {
  const entries = attributes
    .filter(({ mutability }) => mutability === 'readWrite')
    .map((attribute) => [attribute.name, sampleOf(attribute)])
  return Object.fromEntries(entries)
}
function sampleOf({ name, type, multiValued, subAttributes = [] }: Attribute): unknown {
  const single =
    type === 'complex' ? valuesOf(subAttributes) : type === 'boolean' ? true : `${name} x`
  return multiValued ? [single] : single
}

/**
 * Google Workspace publishes no wire format. Its mapping is built from the live `/Schemas`, so that
 * has to be whole and true: every attribute it says can be written comes back as it was sent.
 * Suspension and deletion, up to 21 days later, are independent of each other.
 */
export function googleCycle(): Cycle {
  return [
    {
      name: 'reads the schemas, and maps every attribute that can be written',
      request: () => get('/Schemas'),
      expect: {
        status: 200,
        check: ({ body }) => {
          const user = body.Resources.find(({ id }: { id: string }) => id === userUrn)
          const extensions = body.Resources.filter(
            ({ id }: { id: string }) => id !== userUrn && id.endsWith(':User'),
          )
          mapped = valuesOf(user.attributes)
          for (const { id, attributes } of extensions) mapped[id] = valuesOf(attributes)
          must(Object.keys(mapped).length > 15, 'hardly any attribute can be written')
        },
      },
      state: { [kim]: 'gone', [lea]: 'gone' },
    },
    {
      name: 'creates Kim with all of them, who has each as it was sent',
      request: () => post('/Users', { ...mapped, schemas: [userUrn], userName: kim }),
      expect: { status: 201, body: () => ({ ...mapped, userName: kim }) },
      remember: 'kim',
      state: { [kim]: { active: true, groups: [] } },
    },
    {
      name: 'reads Kim back',
      request: (ids) => get(`/Users/${ids('kim')}`),
      expect: { status: 200, body: () => ({ ...mapped, userName: kim }) },
    },
    {
      name: 'creates Lea',
      request: () => post('/Users', { schemas: [userUrn], userName: lea, active: true }),
      expect: { status: 201 },
      remember: 'lea',
      state: { [lea]: { active: true, groups: [] } },
    },
    {
      name: 'suspends Kim',
      request: (ids) =>
        patch(`/Users/${ids('kim')}`, { op: 'replace', path: 'active', value: false }),
      expect: { status: 200, body: { active: false } },
      state: { [kim]: { active: false, groups: [] } },
    },
    {
      name: 'finds Kim while she is suspended',
      request: () => find('/Users', 'userName', kim),
      expect: { status: 200, body: { totalResults: 1 } },
    },
    {
      name: 'changes Kim while she is suspended, who stays so',
      request: (ids) =>
        put(`/Users/${ids('kim')}`, { schemas: [userUrn], userName: kim, title: 'Leaving' }),
      expect: { status: 200, body: { title: 'Leaving', active: false } },
    },
    {
      name: 'deletes Lea, who was never suspended',
      request: (ids) => remove(`/Users/${ids('lea')}`),
      expect: { status: 204 },
      state: { [lea]: 'gone' },
    },
    {
      name: 'takes Kim back within the 21 days',
      request: (ids) =>
        patch(`/Users/${ids('kim')}`, { op: 'replace', path: 'active', value: true }),
      expect: { status: 200, body: { active: true } },
      state: { [kim]: { active: true, groups: [] } },
    },
    {
      name: 'suspends Kim for good',
      request: (ids) =>
        patch(`/Users/${ids('kim')}`, { op: 'replace', path: 'active', value: false }),
      expect: { status: 200 },
      state: { [kim]: { active: false, groups: [] } },
    },
    {
      name: 'and deletes her',
      request: (ids) => remove(`/Users/${ids('kim')}`),
      expect: { status: 204 },
      state: { [kim]: 'gone' },
    },
    {
      name: 'does not find her any more',
      request: () => find('/Users', 'userName', kim),
      expect: { status: 200, body: listOf(0) },
    },
  ]
}
