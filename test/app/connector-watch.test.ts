import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Connectors } from '../../src/access/connectors.ts'
import { connectorRows } from '../../src/app/connector-rows.ts'
import { ConnectorReload } from '../../src/app/connector-watch.ts'
import { readHouseConfig } from '../../src/app/house-config.ts'
import type { TenantId } from '../../src/directory/directory.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { silentObserver } from '../support/silent-observer.ts'

const lines = [
  'tenants: { acme: { directories: { entra: {} } } }',
  'logLevel: silent',
  'listen: { grpc: { tls: { cert: c, key: k, clientCa: ca } } }',
  'connectors:',
  '  berlin: { identity: "spiffe://acme.example/gw", state: enabled }',
  '',
].join('\n')

/** A config file, the rows that were read of it, and nobody who watches it yet. */
function opened() {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-rows-'))
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, lines)
  const config = readHouseConfig(file)
  const connectors = new Connectors(connectorRows(config.connectors), ['acme' as TenantId])
  const replaced: number[] = []
  const observer = {
    ...silentObserver(),
    connectorsReplaced: (event: { readonly connectors: number }) =>
      void replaced.push(event.connectors),
  }
  let looked = 0
  const clock: Clock = {
    ...systemClock,
    sleep: (_, signal) => {
      looked++
      return systemClock.sleep(1, signal)
    },
  }
  const reload = new ConnectorReload({
    config,
    replace: (rows) => connectors.replace(connectorRows(rows)),
    observer,
    clock,
  })
  const stop = new AbortController()
  let watching: Promise<void> | undefined
  return {
    file,
    connectors,
    replaced,
    reload,
    watch: () => {
      watching = reload.watch(stop.signal)
    },
    edit: (from: string, to: string) =>
      writeFileSync(file, readFileSync(file, 'utf8').replace(from, to)),
    until: async (isSo: () => boolean) => {
      while (!isSo()) await systemClock.sleep(1)
    },
    looks: async (count: number) => {
      const end = looked + count
      while (looked < end) await systemClock.sleep(1)
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await watching
      rmSync(folder, { recursive: true })
    },
  }
}

test('a connector that is disabled while the server starts is disabled', async () => {
  await using house = opened()
  house.edit('enabled', 'disabled')

  house.watch()

  await house.until(() => !house.connectors.isEnabled('berlin'))
})

test('a file that changes in something else, or not at all, replaces no rows', async () => {
  await using house = opened()
  const { generation } = house.connectors
  house.watch()
  await house.looks(5)

  house.edit('silent', 'warn')
  await house.looks(5)

  expect([house.connectors.generation, house.replaced]).toEqual([generation, []])
})

test('a file that was refused and is as it was before is told to be good again', async () => {
  await using house = opened()
  house.watch()
  house.edit('berlin:', 'berlin')
  await house.until(() => house.reload.troubles.length > 0)

  writeFileSync(house.file, lines)
  await house.until(() => house.reload.troubles.length === 0)

  expect(house.replaced).toEqual([1])
  expect(house.connectors.isEnabled('berlin')).toBe(true)
})

test('rows are those of the file after any number of edits in a row', async () => {
  await using house = opened()
  house.watch()
  for (let round = 0; round < 20; round++) {
    house.edit('enabled', 'disabled')
    await house.looks(round % 3)
    house.edit('disabled', 'enabled')
    await house.looks(round % 2)
  }
  house.edit('enabled', 'disabled')
  await house.until(() => !house.connectors.isEnabled('berlin'))
  house.edit('disabled', 'enabled')
  await house.until(() => house.connectors.isEnabled('berlin'))
})
