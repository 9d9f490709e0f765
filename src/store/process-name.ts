import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

/** Tells a person which process it is, and is another for each start. */
export function processName(): string {
  const host = hostname()
    .replace(/[^A-Za-z0-9.-]/g, '-')
    .slice(0, 40)
  return `${host}.${process.pid}.${randomBytes(8).toString('hex')}`
}

/** The number that the system knows a process of this machine by. */
export function pidOf(name: string): number {
  return Number(name.split('.').at(-2))
}
