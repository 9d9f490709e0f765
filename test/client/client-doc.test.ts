import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { status } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import { frameBytesMax } from '../../src/client/frame.ts'
import { timeoutMsMax } from '../../src/client/requests.ts'
import { inFlightMax } from '../../src/client/wire.ts'
import { openDoor } from '../support/door.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const text = read('docs/client.md')
const quickstart = join(root, 'examples/quickstart')

/** Names of the fields of an interface. */
function fieldsOf(path: string, name: string): string[] {
  const [, body = ''] =
    new RegExp(`interface ${name}[^{]*\\{(.*?)\n\\}`, 's').exec(read(path)) ?? []
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field]) => field!)
}

describe('docs/client.md', () => {
  test.each([
    ['src/client/client.ts', 'ClientOptions', 4],
    ['src/client/channel.ts', 'CredentialOptions', 2],
    ['src/client/requests.ts', 'CheckRequest', 13],
    ['src/client/answers.ts', 'ClientDecision', 14],
  ])('explains every field of %s: %s', (path, name, atLeast) => {
    const fields = fieldsOf(path, name)

    expect(fields.length).toBeGreaterThanOrEqual(atLeast)
    expect(fields.filter((field) => !text.includes(`\`${field}\``))).toEqual([])
  })

  test('explains every reason that comes from this side, and no status that is none', () => {
    const sources = ['client', 'lane', 'wire', 'requests', 'answers', 'unary']
    const thrown = sources.flatMap((file) =>
      [...read(`src/client/${file}.ts`).matchAll(/Error\(\s*'([A-Z_]+)'/g)].map(([, code]) => code),
    )
    const explained = [...text.matchAll(/^\| `WIRE_([A-Z_]+)` \|/gm)].map(([, code]) => code!)

    expect(new Set(thrown).size).toBeGreaterThanOrEqual(6)
    expect(thrown.filter((code) => !explained.includes(code!))).toEqual([])
    const ours = ['REQUEST', 'MALFORMED', 'OVERLOADED', 'CLIENT']
    expect(explained.filter((code) => !(code in status) && !ours.includes(code))).toEqual([])
  })

  test('has the limits that the code has', () => {
    expect(text).toContain(`${inFlightMax.toLocaleString('en')} attempts in flight`)
    expect(text).toContain(`${timeoutMsMax.toLocaleString('en')} at most`)
    expect(text).toContain(`${(frameBytesMax - 1024) / 1024} KiB at most`)
  })

  test('begins with lines that work as they stand', async () => {
    const seed = JSON.stringify(join(quickstart, 'users.json'))
    await using door = await openDoor({
      policy: readFileSync(join(quickstart, 'policy.yaml'), 'utf8'),
      directories: `{ entra: { domains: [acme.example], default: true, seed: ${seed} }, okta: {} }`,
    })
    const [, lines = ''] = /```ts\n(.*?)```/s.exec(text) ?? []
    const patient = `'${door.app.addresses.grpc}', { timeoutMs: 10_000 }`
    const script = lines.replace("'127.0.0.1:7071'", patient)

    const args = ['--input-type=module', '--eval', script]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })

    expect(stdout).toBe('true RULE \n')
  })
})
