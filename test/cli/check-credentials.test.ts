import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { mintConnectorToken } from '../../src/access/connectors.ts'
import { userBody } from '../scim-http/scim-fixture.ts'
import { identities, makeCertificates } from '../support/certificates.ts'
import { runCli, serveCli } from '../support/run-cli.ts'
import { scimClient, tokenFrom, workspace } from '../support/workspace.ts'

const certificates = makeCertificates()
afterAll(() => certificates[Symbol.dispose]())
const { caFile } = certificates
const minted = mintConnectorToken('munich')
const stepUp = '[{ id: mfa, type: step-up, properties: { acr_value: high } }]'
const policy = `
version: 1
applications: { wiki: { hosts: [wiki.acme.example] }, vault: { hosts: [vault.acme.example] } }
rules:
  - { id: wiki, effect: allow, apps: { names: [wiki] }, who: { directories: [entra] } }
  - id: vault
    effect: allow
    apps: { names: [vault] }
    who: { directories: [entra] }
    obligations: ${stepUp}
`

/** A server that is called by certificate or token, and knows ann. */
async function serveSecured() {
  const server = certificates.of('server')
  const tls = { cert: server.certFile, key: server.keyFile, clientCa: caFile }
  const rights = { context: 'all', obligations: 'all' }
  const connectors = {
    berlin: { identity: identities.berlin, ...rights, explain: true },
    munich: { tokens: [minted.row], ...rights },
  }
  const space = workspace({
    policy,
    config: (text) => {
      const plain = 'grpc: { address: "127.0.0.1:0" }'
      const secured = `grpc: { address: "127.0.0.1:0", tls: ${JSON.stringify(tls)} }`
      return `${text.replace(plain, secured)}connectors: ${JSON.stringify(connectors)}\n`
    },
  })
  const served = await serveCli(space.file)
  const { token } = await tokenFrom(space)
  await scimClient(served, token)('POST', '/Users', userBody('ann@acme.example'))
  const check = (app: string, ...more: string[]) => {
    const asked = ['check', '--server', served.ready.grpc, '--user', 'ann@acme.example']
    return runCli(...asked, '--app', app, ...more)
  }
  return { served, folder: space.folder, check }
}

test('check proves who it is with a certificate or a token that it reads from files', async () => {
  const { served, folder, check } = await serveSecured()
  await using _served = served
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, `${minted.token}\n`)
  const berlin = certificates.of('berlin')
  const ca = ['--ca', caFile]
  const certificate = [...ca, '--cert', berlin.certFile, '--key', berlin.keyFile]

  expect(await check('wiki', ...certificate)).toMatchObject({ code: 0, stderr: '' })
  expect(await check('wiki', ...certificate, '--explain')).toMatchObject({ code: 0, stderr: '' })
  expect(await check('wiki', ...ca, '--token-file', tokenFile)).toMatchObject({ code: 0 })
  const nobody = await check('wiki', ...ca)
  expect(nobody.code).toBe(3)
  expect(nobody.stderr).toMatch(/^sallyport: no decision, so block: UNAUTHENTICATED: /)
  const obliged = await check('vault', ...certificate)
  expect(obliged).toMatchObject({ code: 0, stderr: '' })
  expect(obliged.stdout).toContain('obligation mfa: step-up')
})

test('check refuses credentials that it cannot use, without a word of what is in them', async () => {
  const { folder } = workspace()
  const token = join(folder, 'token')
  writeFileSync(token, 'slp_gw_secret')
  const check = (...more: string[]) =>
    runCli('check', '--user', 'ann', '--app', 'wiki', '--server', 'pdp.acme.example:7071', ...more)

  const plain = await check('--token-file', token)
  expect([plain.code, plain.stderr.trim().split('\n').length]).toEqual([2, 1])
  expect(plain.stderr).toMatch(/^sallyport: a token in plain text to `pdp.acme.example:7071`/)
  expect(plain.stderr).not.toContain('secret')
  const half = await check('--cert', token)
  expect(half).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('both of `cert` and `key`'),
  })
  const nowhere = await check('--ca', '/nowhere.pem')
  expect(nowhere).toMatchObject({
    code: 3,
    stderr: 'sallyport: --ca `/nowhere.pem` cannot be read (ENOENT)\n',
  })
})
