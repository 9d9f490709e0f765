import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalHost, canonicalIp } from '../../src/decision/destination.ts'
import { askPayroll, detailsOf, type Reply, startRig } from './support.ts'

function fieldsOf(reply: Reply): string[] {
  const [bad] = detailsOf(reply)
  if (bad?.type !== 'BadRequest') return []
  return bad.message.field_violations.map(({ field }: { field: string }) => field)
}

describe('a malformed request', () => {
  const subject = { user_name: 'ann' }
  const long = 'x'.repeat(5000)
  const manyKeys = Object.fromEntries([...Array(65).keys()].map((n) => [n, { bool: true }]))
  test.each<[string, object, string[]]>([
    ['nobody named', { application: 'crm' }, ['subject']],
    ['an empty name', { subject: { user_name: '' }, application: 'crm' }, ['subject.user_name']],
    ['an empty id', { subject: { id: '' }, application: 'crm' }, ['subject.id']],
    [
      'an empty external id',
      { subject: { external_id: '' }, application: 'crm' },
      ['subject.external_id'],
    ],
    ['a name too long', { subject: { user_name: long }, application: 'c' }, ['subject.user_name']],
    ['nothing to connect to', { subject }, ['application']],
    ['a destination without host and ip', { subject, destination: {} }, ['destination.host']],
    [
      'a port too high',
      { subject, destination: { host: 'a', port: 70_000 } },
      ['destination.port'],
    ],
    [
      'a protocol unknown',
      { subject, destination: { host: 'a', protocol: 'TCP' } },
      ['destination.protocol'],
    ],
    ['a host with blanks', { subject, destination: { host: 'a b' } }, ['destination.host']],
    ['an ip out of range', { subject, destination: { ip: '1.2.3.400' } }, ['destination.ip']],
    [
      'two addresses that disagree',
      { subject, destination: { host: '1.2.3.4', ip: '4.3.2.1' } },
      ['destination.host'],
    ],
    ['a value without kind', { ...askPayroll, context: { a: {} } }, ['context.a']],
    ['a number without end', { ...askPayroll, claims: { a: { number: 1 / 0 } } }, ['claims.a']],
    ['a value too long', { ...askPayroll, context: { a: { string: long } } }, ['context.a']],
    [
      'a list too long',
      { ...askPayroll, claims: { a: { list: { values: Array(257).fill('x') } } } },
      ['claims.a'],
    ],
    ['too many keys', { ...askPayroll, context: manyKeys }, ['context']],
    ['an empty key', { ...askPayroll, context: { '': { bool: true } } }, ['context']],
    ['an action too long', { ...askPayroll, action: long }, ['action']],
    ['a revision too long', { ...askPayroll, min_revision: long }, ['min_revision']],
    [
      'four faults at once',
      { subject: { user_name: '' }, destination: { ip: 'x', port: 65_536, protocol: 'ip' } },
      ['subject.user_name', 'destination.ip', 'destination.port', 'destination.protocol'],
    ],
  ])('with %s names each field and decides nothing', async (_, request, fields) => {
    await using rig = await startRig()

    const reply = await rig.call('Check', request)

    expect(reply.code).toBe('INVALID_ARGUMENT')
    expect(fieldsOf(reply)).toEqual(fields)
    expect(rig.decisions.attempts).toEqual([])
  })

  test('with more faults than a trailer can hold still arrives', async () => {
    await using rig = await startRig()
    const faults = [...Array(64).keys()].map((n) => [`${n}${'é'.repeat(250)}`, {}])

    const reply = await rig.call('Check', { ...askPayroll, claims: Object.fromEntries(faults) })

    expect(reply.code).toBe('INVALID_ARGUMENT')
    expect(fieldsOf(reply)).toHaveLength(32)
  })

  test('with hostile text anywhere is decided or refused, never an internal error', async () => {
    await using rig = await startRig()
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom('', '__proto__', 'constructor', 'a\0b', '\ud800', '%', 'é%00', '::1%lo'),
    )
    const value = fc.record(
      {
        string: text,
        number: fc.double(),
        bool: fc.boolean(),
        list: fc.record({ values: fc.array(text, { maxLength: 5 }) }),
      },
      { requiredKeys: [] },
    )
    const request = fc.record(
      {
        subject: fc.record(
          { user_name: text, id: text, external_id: text, directory: text },
          { requiredKeys: [] },
        ),
        application: text,
        destination: fc.record(
          { host: text, ip: text, port: fc.nat(), protocol: text },
          { requiredKeys: [] },
        ),
        action: text,
        claims: fc.dictionary(text, value, { maxKeys: 5 }),
        context: fc.dictionary(text, value, { maxKeys: 5 }),
        min_revision: text,
      },
      { requiredKeys: [] },
    )
    const before = Object.getOwnPropertyNames(Object.prototype)

    await fc.assert(
      fc.asyncProperty(request, fc.constantFrom('Check', 'Explain'), async (ask, method) => {
        const { code } = await rig.call(method, ask)
        expect(['OK', 'INVALID_ARGUMENT']).toContain(code)
      }),
      { numRuns: 300 },
    )

    expect(rig.errors).toEqual([])
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
  })
})

describe('a destination has one form', () => {
  test.each([
    ['Payroll.ACME.example.', 'payroll.acme.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['_sip._tcp.acme.example', '_sip._tcp.acme.example'],
    ['１０.1.2.3', '10.1.2.3'],
    ['[2001:DB8::0:1]', '2001:db8::1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['010.1.2.3', undefined],
    ['0x7f000001', undefined],
    ['1.2.3', undefined],
    ['a..b', undefined],
    ['.', undefined],
    ['a/b', undefined],
    ['bü／b', undefined],
    ['bü\tb', undefined],
    ['bü:80', undefined],
    ['a:443', undefined],
    ['*.acme.example', undefined],
    ['a\0.example', undefined],
    [`${'a'.repeat(64)}.example`, undefined],
    ['a.'.repeat(128), undefined],
  ])('host %j is %j', (text, canonical) => {
    expect(canonicalHost(text)).toBe(canonical)
  })

  test.each([
    ['10.1.2.3', '10.1.2.3'],
    ['2001:0DB8:0:0::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:0a01:0203', '10.1.2.3'],
    ['010.1.2.3', undefined],
    ['10.1.2.3%eth0', undefined],
    ['10.1.2', undefined],
    ['10.1.2.3/8', undefined],
    ['::1%'.padEnd(500, 'x'), undefined],
    ['%', undefined],
  ])('ip %j is %j', (text, canonical) => {
    expect(canonicalIp(text)).toBe(canonical)
  })

  test('whatever it was, reading it again changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        const once = canonicalHost(text)
        return once === undefined || canonicalHost(once) === once
      }),
    )
  })
})
