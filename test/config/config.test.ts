import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { readHouseConfig } from '../../src/app/house-config.ts'
import { ConfigError } from '../../src/config/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'))
let files = 0

function configFile(text: string): string {
  const file = join(folder, `${files++}.yaml`)
  writeFileSync(file, text)
  return file
}

function faultsOf(text: string): string[] {
  const file = configFile(text)
  try {
    readHouseConfig(file)
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(file, 'F').split('\n')
    throw error
  }
  return []
}

const smallest = 'tenants: { acme: { directories: { entra: {} } } }'

/** One schema in a config, its attributes in line 6. */
function withSchema(attributes: string): string {
  return [
    'tenants:',
    '  acme:',
    '    directories: { entra: {} }',
    '    schemas:',
    '    - { id: "urn:acme:badge", name: Badge,',
    `        ${attributes} }`,
  ].join('\n')
}

afterEach(() => {
  vi.unstubAllEnvs()
})

test('the smallest config listens on loopback, with the standard ports', () => {
  const { listen } = readHouseConfig(configFile(smallest))
  expect([listen.scim, listen.grpc, listen.admin].map(({ host, port }) => [host, port])).toEqual([
    ['127.0.0.1', 7070],
    ['127.0.0.1', 7071],
    ['127.0.0.1', 7073],
  ])
})

test('files are relative to the config file, the store to the working directory', () => {
  const config = readHouseConfig(
    configFile(
      `${smallest.slice(0, -3)}, policy: rules/policy.yaml } }\nstore: sqlite:./data/a.db`,
    ),
  )
  expect(config.tenants[0]?.policy).toBe(join(folder, 'rules/policy.yaml'))
  expect(config.store).toEqual({ kind: 'sqlite', path: join(process.cwd(), 'data/a.db') })
})

test('a custom schema arrives as plain data, with the defaults of RFC 7643', () => {
  const config = readHouseConfig(configFile(withSchema('attributes: [{ name: a, type: integer }]')))
  const { schemas } = structuredClone(config).tenants[0]!
  expect(schemas[0]).toMatchObject({ id: 'urn:acme:badge', resourceType: 'User' })
  expect(schemas[0]?.attributes).toMatchObject([
    { name: 'a', type: 'integer', multiValued: false, returned: 'default', subAttributes: [] },
  ])
})

test('nothing in a config can be changed after it was read', () => {
  const config = readHouseConfig(configFile(smallest))
  expect(() => Object.assign(config.listen.scim, { host: '0.0.0.0' })).toThrow(TypeError)
})

describe('a config is refused, with the place and the fix, when', () => {
  test.each([
    [
      'a key is misspelt',
      `${smallest}\nlistne: {}`,
      'F:2:1: `listne` is unknown (did you mean `listen`?)',
    ],
    ['no tenant is named', 'tenants: {}', 'F:1:10: `tenants`: name at least one tenant'],
    [
      'a directory id would not fit into a URL',
      'tenants: { acme: { directories: { "a/b": {} } } }',
      'F:1:42: directory id `a/b`: expected 1 to 63 of a-z, 0-9 and -, starting with a letter',
    ],
    [
      'two directories own one domain',
      'tenants: { acme: { directories: { a: { domains: [x.example] }, b: { domains: [X.Example] } } } }',
      'domain `X.Example` belongs to directory `a` already',
    ],
    [
      'two directories are the default',
      'tenants: { acme: { directories: { a: { default: true }, b: { default: true } } } }',
      '`a` is the default already: keep one',
    ],
    [
      'two tenants share a directory id',
      'tenants: { a: { directories: { entra: {} } }, b: { directories: { entra: {} } } }',
      'directory id `entra` is taken by tenant `a`: ids are server-wide',
    ],
    [
      'a connector has an identity that no certificate can have',
      `${smallest}\nconnectors: { gw: { identity: " spiffe://acme.example/gw" } }`,
      "F:2:31: ` spiffe://acme.example/gw` is no URI: name the certificate's URI SAN",
    ],
    [
      'a connector has an identity that no listener asks for',
      `${smallest}\nconnectors: { gw: { identity: "spiffe://acme.example/gw" } }`,
      'F:2:31: nobody can prove it, no listener asks for it: set the `clientCa` of `listen.grpc.tls`',
    ],
    [
      'SCIM would leave loopback in plain text',
      `${smallest}\nlisten: { scim: { address: 0.0.0.0:7070 } }`,
      'F:2:28: `0.0.0.0` is not loopback: give it `tls: { cert, key }`, or say `tls: off` behind a TLS proxy',
    ],
    [
      'gRPC would leave loopback in plain text',
      `${smallest}\nlisten: { grpc: { address: 10.0.0.1:7071 } }`,
      '`10.0.0.1` is not loopback: give it `tls: { cert, key }`',
    ],
    [
      'a public URL has a query',
      `${smallest}\nlisten: { authzen: { publicUrl: "https://pdp.example/?a=b" } }`,
      'F:2:33: takes no query and no fragment: leave them out',
    ],
    [
      'two listeners have one address',
      `${smallest}\nlisten: { scim: { address: 127.0.0.1:7071 } }`,
      '`127.0.0.1:7071` is the address of `scim` already',
    ],
    [
      'a switch is a boolean of YAML 1.1',
      'tenants: { acme: { directories: { entra: { scimSync: true } } } }',
      'expected one of "on"|"off"',
    ],
    [
      'the SCIM limit would starve Entra',
      `${smallest}\nlimits: { scimPerDirectory: { rate: 5 } }`,
      '>=50',
    ],
  ])('%s', (_, text, expected) => {
    expect(faultsOf(text).join('\n')).toContain(expected)
  })

  test.each([
    [
      'no word of RFC 7643',
      'attributes: [{ name: a, mutable: yes }]',
      'F:6:33: `tenants.acme.schemas[0].attributes[0].mutable` is unknown; known here: name, type,',
    ],
    [
      'a type that is none',
      'attributes: [{ name: a, type: text }]',
      'F:6:39: `tenants.acme.schemas[0].attributes[0].type`: Invalid option: expected one of "string"|',
    ],
    [
      'an attribute that nobody could write',
      'attributes: [{ name: a, mutability: readOnly }]',
      '`tenants.acme.schemas[0].attributes[0].mutability`: nobody could ever write it: say readWrite, or immutable',
    ],
    [
      'an attribute that is only written',
      'attributes: [{ name: a, mutability: writeOnly }]',
      'say readWrite, and `returned: never` to keep it from being shown',
    ],
    [
      'an attribute that is to be unique',
      'attributes: [{ name: a, uniqueness: server }]',
      '`tenants.acme.schemas[0].attributes[0].uniqueness`: the values of custom attributes are not kept unique: say none',
    ],
    [
      'a complex attribute in a complex one',
      'attributes: [{ name: a, type: complex, subAttributes: [{ name: b, type: complex }] }]',
      '`tenants.acme.schemas[0].attributes[0].subAttributes[0].type`: a complex attribute holds no complex ones (RFC 7643 §2.3.8)',
    ],
    [
      'a third level',
      'attributes: [{ name: a, type: complex, subAttributes: [{ name: b, subAttributes: [{ name: c }] }] }]',
      'sub-attributes have no sub-attributes of their own (RFC 7643 §2.3.8)',
    ],
    [
      'what only the schemas together tell',
      'attributes: [{ name: id }]',
      'F:6:30: `tenants.acme.schemas[0].attributes[0].name`: `id` is what every resource has already',
    ],
  ])('a custom schema has %s', (_, attributes, expected) => {
    expect(faultsOf(withSchema(attributes)).join('\n')).toContain(expected)
  })

  test('several things are wrong: all are told at once, in the order of the file', () => {
    const faults = faultsOf('stor: x\ntenants: { A: { directories: {} } }\nlogLevel: loud')
    expect(faults.map((fault) => fault.split(': ')[0])).toEqual(['F:1:1', 'F:2:30', 'F:3:11'])
  })

  test('it cannot be read', () => {
    expect(() => readHouseConfig('/nonexistent/sallyport.yaml')).toThrow(
      '/nonexistent/sallyport.yaml: cannot be read (ENOENT): name a config file with --config',
    )
  })
})

describe('the environment', () => {
  test('goes before the file, and numbers arrive as numbers', () => {
    vi.stubEnv('SALLYPORT_CACHE_PRINCIPALS', '5000')
    vi.stubEnv('SALLYPORT_TENANTS_ACME_DIRECTORIES_ENTRA_SCIM_SYNC', 'off')
    const config = readHouseConfig(configFile(smallest))
    expect(config.cache.principals).toBe(5000)
    expect(config.tenants[0]?.directories[0]?.scimSync).toBe(false)
  })

  test('with a misspelt variable is refused, and the nearest setting is named', () => {
    vi.stubEnv('SALLYPORT_CACHE_PRINCIPAL', '5000')
    expect(faultsOf(smallest)).toEqual([
      'SALLYPORT_CACHE_PRINCIPAL: names no setting (did you mean `SALLYPORT_CACHE_PRINCIPALS`?)',
    ])
  })

  test('with a wrong value is refused by the name of the variable', () => {
    vi.stubEnv('SALLYPORT_CACHE_PRINCIPALS', 'many')
    expect(faultsOf(smallest)[0]).toMatch(/^SALLYPORT_CACHE_PRINCIPALS: `cache.principals`: /)
  })

  test('cannot reach a prototype', () => {
    vi.stubEnv('SALLYPORT___PROTO___X', '1')
    expect(faultsOf(smallest)[0]).toContain('names no setting')
    expect(({} as Record<string, unknown>).X).toBeUndefined()
  })
})

test('the command line goes before everything', () => {
  vi.stubEnv('SALLYPORT_STORE', 'sqlite:env.db')
  const config = readHouseConfig(configFile(smallest), { store: 'sqlite:/tmp/flag.db' })
  expect(config.store).toEqual({ kind: 'sqlite', path: '/tmp/flag.db' })
})
