import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SallyportClient } from '../../src/client/client.ts'
import { systemClock } from '../../src/std/clock.ts'
import { errorUrn, patchBody, userBody } from '../scim-http/scim-fixture.ts'
import { type Served, serveCli } from '../support/run-cli.ts'
import { type ScimClient, scimClient, tokenFrom, workspace } from '../support/workspace.ts'

const ann = { user: 'ann@acme.example', app: 'wiki', timeoutMs: 5000 }

test('on a full disk SCIM says 503, decisions go on, and room alone mends it', async () => {
  const place = workspace()
  using disk = smallDisk(join(place.folder, 'data'))
  const { token } = await tokenFrom(place)
  await using served = await serveCli(place.file)
  const scim = scimClient(served, token)
  using gateway = SallyportClient.connect(served.ready.grpc)
  const { body } = await scim('POST', '/Users', userBody('ann@acme.example'))
  expect(await gateway.check(ann)).toMatchObject({ allowed: true })

  disk.fill(served)
  const refused = await untilRefused(scim)
  expect(refused.body).toMatchObject({ schemas: [errorUrn], status: '503' })
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await gateway.check(ann)).toMatchObject({ allowed: true })
  expect(await gateway.check({ ...ann, user: 'bob@acme.example' })).toMatchObject({
    reason: 'USER_UNKNOWN',
  })
  expect((await scim('GET', `/Users/${body.id}`)).status).toBe(200)

  disk.free(served)
  const off = patchBody({ op: 'replace', path: 'active', value: false })
  expect((await scim('PATCH', `/Users/${body.id}`, off)).status).toBe(200)
  expect(await gateway.check(ann)).toMatchObject({ reason: 'USER_INACTIVE' })
})

const losses: readonly (readonly [what: string, lose: (path: string) => void, says: RegExp])[] = [
  ['deleted', (path) => rmSync(path), /was deleted or moved away while in use/],
  [
    'replaced by another valid one',
    (path) => {
      copyFileSync(path, `${path}.other`)
      renameSync(`${path}.other`, path)
    },
    /was replaced while in use/,
  ],
]

test.each(losses)(
  'a store that is %s blocks within a second, and readiness says why',
  async (_, lose, says) => {
    const place = workspace()
    const { token } = await tokenFrom(place)
    await using served = await serveCli(place.file)
    const scim = scimClient(served, token)
    using gateway = SallyportClient.connect(served.ready.grpc)
    await scim('POST', '/Users', userBody('ann@acme.example'))
    expect(await gateway.check(ann)).toMatchObject({ allowed: true })

    lose(join(place.folder, 'data/sallyport.db'))
    const lostAt = performance.now()
    while ((await gateway.check(ann)).allowed) await systemClock.sleep(10)
    expect(performance.now() - lostAt).toBeLessThan(1_800)

    for (const user of [ann.user, 'bob@acme.example']) {
      expect(await gateway.check({ ...ann, user })).toMatchObject({
        reason: 'DIRECTORY_UNAVAILABLE',
      })
    }
    const ready = await fetch(`${served.ready.admin}/readyz`)
    const { reasons } = (await ready.json()) as { readonly reasons: readonly string[] }
    expect(ready.status).toBe(503)
    expect(reasons.join('\n')).toMatch(says)
    expect((await fetch(`${served.ready.admin}/livez`)).status).toBe(200)
    expect((await scim('POST', '/Users', userBody('bob@acme.example'))).status).toBe(503)
  },
)

/** Users, until one does not fit. */
async function untilRefused(scim: ScimClient) {
  for (let number = 0; ; number++) {
    const title = 'x'.repeat(1_000)
    const reply = await scim('POST', '/Users', userBody(`user${number}@acme.example`, { title }))
    if (reply.status !== 201) return reply
  }
}

/** A disk of 8 MB where mounting is allowed, else this folder with a limit on how files may grow. */
function smallDisk(path: string) {
  mkdirSync(path, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    return limitedFolder()
  }
  const filler = join(path, 'filler')
  return {
    fill: (_: Served) => writeUntilFull(filler),
    free: (_: Served) => rmSync(filler),
    [Symbol.dispose]: () => execFileSync('umount', ['--lazy', path]),
  }
}

function writeUntilFull(filler: string): void {
  for (;;) {
    try {
      writeFileSync(filler, Buffer.alloc(4_096), { flag: 'a' })
    } catch {
      return
    }
  }
}

function limitedFolder() {
  const limit = ({ child }: Served, bytes: string) =>
    execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:`])
  return {
    fill: (served: Served) => limit(served, '8192'),
    free: (served: Served) => limit(served, 'unlimited'),
    [Symbol.dispose]: () => undefined,
  }
}
