import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { PrincipalRecords } from '../../src/cache/principal-records.ts'
import type { DirectoryId } from '../../src/directory/directory.ts'
import { attributesOf, groupsOf, userName } from '../support/population.ts'

/** Fills a memory of principals and says what each took, as one line of JSON. */
const count = Number(process.argv[2])
const directory = 'entra' as DirectoryId
const records = new PrincipalRecords(count)
records.keepAttributes(new Set(['userType', 'department', 'title']))
const before = await settled()
for (let number = 0; number < count; number++) {
  const key = { directory, kind: 'userName', value: userName(number) } as const
  const document = JSON.parse(JSON.stringify(attributesOf(number)))
  const row = { directory, ordinal: number + 1, id: randomUUID(), revision: number + 1, document }
  records.insert(key, { ...row, groups: groupsOf(number) })
}
const after = await settled()
const each = (name: 'rss' | 'heapUsed') => (after[name] - before[name]) / records.size
process.stdout.write(`${JSON.stringify({ rss: each('rss'), heap: each('heapUsed') })}\n`)

/** What is garbage is collected, and given back to the system. */
async function settled(): Promise<NodeJS.MemoryUsage> {
  for (let turn = 0; turn < 4; turn++) {
    globalThis.gc?.()
    await setTimeout(250)
  }
  return process.memoryUsage()
}
