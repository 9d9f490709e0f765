import type { SyncEntry } from '../directory/sync-entry.ts'
import type { DirectoryFacts } from './insight.ts'
import { examplesMax } from './survey.ts'

/** How findings count requests and name who they were about. */

/** Those that may show a fault. What shows that there is none may be older. */
export function recentEntries({ entries, since }: DirectoryFacts): readonly SyncEntry[] {
  if (since === undefined) return entries
  const sinceMs = Date.parse(since)
  return entries.filter(({ at }) => Date.parse(at) >= sinceMs)
}

export function requestsIn(entries: readonly SyncEntry[]): number {
  return entries.reduce((sum, { times }) => sum + times, 0)
}

/** Names of the first few that they are about, each once. */
export function namesOf(entries: readonly SyncEntry[]): readonly string[] {
  const names = entries.map(({ name, id }) => name ?? id).filter((name) => name !== undefined)
  return [...new Set(names)].slice(0, examplesMax)
}

/** From the first to the last of them; they are in order. */
export function spanOf(entries: readonly SyncEntry[]): { since?: string; last?: string } {
  const [first, last] = [entries[0], entries.at(-1)]
  return first === undefined || last === undefined ? {} : { since: first.at, last: last.at }
}

/** `1 deleted user`, `2 deleted users`. */
export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
