import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { isNoScript } from './redis-errors.ts'

/**
 * The scripts, each a file with a head that says what goes in and out. Run by their SHA-1; a server
 * that does not know one yet is given it.
 */
const prelude = read('prelude')

export interface Script {
  readonly text: string
  readonly sha: string
  /** Sent so that a server refuses any write in it, and a user without write rights may run it. */
  readonly isReadOnly: boolean
}

export const scripts = {
  inspect: script('inspect', true),
  begin: script('begin'),
  heartbeat: script('heartbeat', false, ''),
  look: script('look', true),
  shared: script('shared', true),
  note: script('note'),
  resolve: script('resolve', true),
  groups: script('groups', true),
  records: script('records', true),
  page: script('page', true),
  memberGroups: script('member-groups', true),
  groupLock: script('group-lock'),
  groupStage: script('group-stage'),
  groupSettle: script('group-settle'),
  owners: script('owners', true),
  ids: script('ids', true),
  barrier: script('barrier'),
  reign: script('reign'),
  declareFork: script('declare-fork'),
  commitResource: script('commit-resource'),
  commitToken: script('commit-token'),
  commitPolicy: script('commit-policy'),
} as const

type Argument = string | number

/** Runs a script on this connection, so that it keeps its place among other commands. */
export async function runScript(
  redis: Redis,
  script: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<unknown> {
  const command = script.isReadOnly ? 'EVALSHA_RO' : 'EVALSHA'
  // One list, which the client flattens: 200,000 members would not fit on the stack.
  const rest = [script.sha, keys.length, ...keys, args] as unknown as string[]
  try {
    return await redis.call(command, ...rest)
  } catch (error) {
    if (!isNoScript(error)) throw error
    await redis.script('LOAD', script.text)
    return await redis.call(command, ...rest)
  }
}

function script(name: string, isReadOnly = false, before = prelude): Script {
  const text = before + read(name)
  return { text, sha: hash('sha1', text), isReadOnly }
}

function read(name: string): string {
  return readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8')
}
