import { describe, expect, test } from 'vitest'
import { localCaller } from '../../src/access/caller.ts'
import {
  type ConnectorRow,
  Connectors,
  mintConnectorToken,
  namesOf,
} from '../../src/access/connectors.ts'
import { type Identity, local } from '../../src/access/peer-identity.ts'
import { newTokenText } from '../../src/access/token-text.ts'
import type { TenantId } from '../../src/directory/directory.ts'

const [acme, umbrella] = ['acme', 'umbrella'] as TenantId[] as [TenantId, TenantId]
const uri = 'spiffe://acme.example/gw/berlin'
const berlin: Identity = { kind: 'certificate', uri }
const nameless: Identity = { kind: 'nameless', why: 'the connection has no certificate' }

function rowOf(connector: string, more: Partial<ConnectorRow> = {}): ConnectorRow {
  const empty = { identity: undefined, tokens: [], enabled: true }
  return { ...localCaller(acme), ...empty, connector, ...more }
}
const house = (...rows: readonly ConnectorRow[]) => new Connectors(rows, [acme])
const named = (connector: string) => ({ kind: 'ok', caller: { connector } })
const bearer = (token: string) => `Bearer ${token}`

describe('a certificate', () => {
  test('of a row admits as that row', () => {
    const connectors = house(rowOf('berlin', { identity: uri, tenant: umbrella }))
    expect(connectors.admit(berlin, undefined)).toMatchObject({
      kind: 'ok',
      caller: { connector: 'berlin', tenant: 'umbrella' },
    })
  })

  test.each([
    ['of nobody', 'spiffe://acme.example/gw/bonn'],
    ['in other letters', uri.toUpperCase()],
    ['with a slash more', `${uri}/`],
    ['that is empty', ''],
  ])('%s admits nobody', (_, other) => {
    const connectors = house(rowOf('berlin', { identity: uri }), rowOf('tokens only'))
    expect(connectors.admit({ kind: 'certificate', uri: other }, undefined).kind).toBe('unknown')
  })

  test('of a disabled row says that it is disabled, whatever token comes along', () => {
    const { token, row } = mintConnectorToken('berlin')
    const connectors = house(
      rowOf('berlin', { identity: uri, tokens: [row], enabled: false }),
      rowOf('munich'),
    )
    const disabled = { kind: 'disabled', connector: 'berlin' }
    expect(connectors.admit(berlin, undefined)).toEqual(disabled)
    expect(connectors.admit(berlin, bearer(token))).toEqual(disabled)
    expect(connectors.isEnabled('berlin')).toBe(false)
    expect(connectors.isEnabled('munich')).toBe(true)
  })
})

describe('a token', () => {
  const { token, row } = mintConnectorToken('berlin')
  const connectors = house(rowOf('berlin', { identity: uri, tokens: [row] }), rowOf('munich'))

  test('admits without a certificate, over loopback too, as its own row', () => {
    expect(connectors.admit(nameless, bearer(token))).toMatchObject(named('berlin'))
    expect(connectors.admit(local, bearer(token))).toMatchObject(named('berlin'))
  })

  test('is not kept: only its digest is', () => {
    const secret = token.slice(-50, -7)
    expect(row).toMatch(/^[0-9a-f]{12}:[0-9a-f]{64}$/)
    expect(row).not.toContain(secret)
  })

  test.each([
    ['with another secret', token.slice(0, -50) + newTokenText('berlin').text.slice(-50)],
    ['of nobody', newTokenText('berlin').text],
    ['cut', token.slice(0, -1)],
    ['in upper case', token.toUpperCase()],
    ['of 1 MB', token + 'x'.repeat(1_000_000)],
    ['that is empty', ''],
  ])('%s admits nobody, not even who has a certificate or is local', (_, other) => {
    for (const identity of [nameless, local, berlin]) {
      expect(connectors.admit(identity, bearer(other)).kind).toBe('unknown')
    }
  })

  test('with its own id and another secret, well formed, admits nobody', () => {
    const stolen = token.split('_')[2]!
    const forged = house(rowOf('berlin', { tokens: [`${stolen}:${'00'.repeat(32)}`] }))
    expect(forged.admit(nameless, bearer(token)).kind).toBe('unknown')
  })

  test.each(['Basic', 'Bearer:', 'Token'])('after the scheme %s admits nobody', (scheme) => {
    expect(connectors.admit(nameless, `${scheme} ${token}`).kind).toBe('unknown')
    expect(connectors.admit(nameless, token).kind).toBe('unknown')
  })

  test('admits beside a second one, so that one is replaced without a gap', () => {
    const second = mintConnectorToken('berlin')
    const both = house(rowOf('berlin', { tokens: [row, second.row] }))

    expect(both.admit(nameless, bearer(token))).toMatchObject(named('berlin'))
    expect(both.admit(nameless, bearer(second.token))).toMatchObject(named('berlin'))
    both.replace([rowOf('berlin', { tokens: [second.row] })])
    expect(both.admit(nameless, bearer(token)).kind).toBe('unknown')
    expect(both.admit(nameless, bearer(second.token))).toMatchObject(named('berlin'))
  })
})

describe('a certificate and a token', () => {
  const mine = mintConnectorToken('berlin')
  const other = mintConnectorToken('munich')
  const connectors = house(
    rowOf('berlin', { identity: uri, tokens: [mine.row] }),
    rowOf('munich', { tokens: [other.row] }),
  )

  test('of one row admit', () => {
    expect(connectors.admit(berlin, bearer(mine.token))).toMatchObject(named('berlin'))
  })

  test.each([
    ['of two rows', berlin],
    ['of nobody and a row', { kind: 'certificate', uri: 'spiffe://acme.example/x' } as const],
  ])('%s admit nobody: neither widens the other', (_, identity) => {
    expect(connectors.admit(identity, bearer(other.token))).toEqual({
      kind: 'unknown',
      why: 'certificate and token name different connectors',
    })
  })
})

describe('without credentials', () => {
  test('somebody on this machine belongs to the only tenant', () => {
    expect(house().admit(local, undefined)).toEqual({ kind: 'ok', caller: localCaller(acme) })
  })

  test('nobody belongs to one of several tenants', () => {
    const connectors = new Connectors([], [acme, umbrella])
    expect(connectors.admit(local, undefined).kind).toBe('unknown')
  })

  test('nobody elsewhere is admitted, and is told what the connection lacks', () => {
    expect(house().admit(nameless, undefined)).toEqual({
      kind: 'unknown',
      why: 'the connection has no certificate, and the call has no token',
    })
  })
})

test('replaced rows are in force at once, and the generation tells', () => {
  const connectors = house(rowOf('berlin', { identity: uri }))
  const { generation } = connectors

  connectors.replace([rowOf('berlin', { identity: uri, enabled: false })])
  expect(connectors.admit(berlin, undefined).kind).toBe('disabled')
  connectors.replace([])
  expect(connectors.admit(berlin, undefined).kind).toBe('unknown')
  expect(connectors.isEnabled('berlin')).toBe(false)
  connectors.replace([rowOf('berlin', { identity: uri })])
  expect(connectors.admit(berlin, undefined).kind).toBe('ok')

  expect(connectors.generation).toBe(generation + 3)
})

test('names of a row are all, or those listed', () => {
  expect(namesOf('all')).toBe('all')
  expect(namesOf(['a', 'b'])).toEqual(new Set(['a', 'b']))
})
