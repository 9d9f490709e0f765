import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connections, streamLoad } from '../stream/load.ts'
import type { Report } from '../support/report.ts'
import { startVariant } from '../support/servers.ts'
import { encodedBatches, expectAllowed, warmPrincipals } from './asking.ts'
import { questionsOf, type WorldSize, writeWorld } from './world.ts'

/** Of so many users in turn, so that memory is waited for as it is in earnest. */
const usersAsked = 4_096
const batch = 32
const warmUsersMax = 20_000

export interface GrowthQuestion {
  readonly report: Report
  readonly folder: string
  readonly seconds: number
  readonly warmSeconds: number
  /** What the others are compared with, one dimension at a time. */
  readonly size: WorldSize
}

/**
 * What a decision costs the server as the world grows in one direction at a time, in batches of 32
 * on a stream, where answering itself is cheap enough for deciding to show.
 */
export async function tellGrowth(question: GrowthQuestion): Promise<void> {
  const { size } = question
  const worlds: readonly (readonly [string, WorldSize, readonly number[]])[] = [
    [`${size.users} users, ${size.rules} rules`, size, [connections, 16, 64]],
    ...[10, 100].map((part) => ofUsers(size, Math.ceil(size.users / part))),
    ...[10, 100].map((part) => ofRules(size, Math.ceil(size.rules / part))),
    ...[50, 5_000].map((groups) => ofGroups(size, groups)),
  ]
  for (const [name, world, counts] of worlds) {
    await tellCost(question, name, world, counts)
    await rm(folderOf(question), { recursive: true, force: true })
  }
}

function ofUsers(size: WorldSize, users: number): Growing {
  return [`${users} users`, { ...size, users }, [connections]]
}
function ofRules(size: WorldSize, rules: number): Growing {
  const applications = Math.min(size.applications, Math.ceil(rules / 10))
  return [`${rules} rules`, { ...size, rules, applications }, [connections]]
}
function ofGroups(size: WorldSize, groups: number): Growing {
  return [`${groups} groups`, { ...size, groups }, [connections]]
}
type Growing = readonly [string, WorldSize, readonly number[]]

async function tellCost(
  question: GrowthQuestion,
  name: string,
  size: WorldSize,
  counts: readonly number[],
): Promise<void> {
  const { report, seconds, warmSeconds } = question
  const world = folderOf(question)
  const config = await writeWorld(world, size)
  const attempts = questionsOf(size, usersAsked)
  if (attempts.length < batch) throw new Error(`${name}: only ${attempts.length} are let in`)
  const body = join(world, 'batches')
  await writeFile(body, encodedBatches(attempts, batch))
  await using ours = await startVariant('sallyport', [
    ...['src/main.ts', 'serve', '--config', config, '--json'],
  ])
  await warmPrincipals(ours, Math.min(size.users, warmUsersMax))
  await expectAllowed(ours, attempts)
  await streamLoad(ours, body, batch, warmSeconds)
  for (const count of counts) {
    const { cpuUs, decisionsPerSecond } = await streamLoad(ours, body, batch, seconds, count)
    const asked = `${count} connections, ${attempts.length} users asked about`
    const text = `${cpuUs.toFixed(2)} µs a decision, ${Math.round(decisionsPerSecond)}/s; ${asked}`
    report.figure(`decide.growth ${name}`, text)
  }
}

function folderOf({ folder }: GrowthQuestion): string {
  return join(folder, 'growing')
}
