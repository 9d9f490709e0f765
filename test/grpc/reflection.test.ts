import { Client, credentials, status } from '@grpc/grpc-js'
import { expect, onTestFinished, test } from 'vitest'
import { Connectors } from '../../src/access/connectors.ts'
import { acme, startRig } from './support.ts'

/** Asks which services there are, as bytes: `ServerReflectionRequest { list_services = 7: "*" }`. */
function listServices(address: string, version: string): Promise<string> {
  const client = new Client(address, credentials.createInsecure())
  onTestFinished(() => client.close())
  const same = (bytes: Buffer) => bytes
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`
  const call = client.makeBidiStreamRequest(path, same, same)
  call.on('error', () => undefined)
  call.write(Buffer.from([0x3a, 1, 0x2a]))
  call.end()
  return new Promise((resolve) => {
    let answer = ''
    call.on('data', (bytes: Buffer) => (answer += bytes.toString('latin1')))
    call.on('status', ({ code }) => resolve(answer || status[code]!))
  })
}

test.each(['v1', 'v1alpha'])('the protos are told over %s where the config says so', async (v) => {
  await using rig = await startRig({ reflection: true })

  const answer = await listServices(rig.server.address, v)

  expect(answer).toContain('sallyport.v1.DecisionService')
  expect(answer).toContain('envoy.service.auth.v3.Authorization')
})

test('the protos are told to nobody else, and not at all unless asked for', async () => {
  const tenants = [acme, 'umbrella' as typeof acme]
  await using strict = await startRig({ reflection: true, connectors: new Connectors([], tenants) })
  await using plain = await startRig()

  expect(await listServices(strict.server.address, 'v1')).toBe('UNAUTHENTICATED')
  expect(await listServices(plain.server.address, 'v1')).toBe('UNIMPLEMENTED')
})
