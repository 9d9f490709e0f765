import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  realpathSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { StoreRefused } from '../errors.ts'
import { connectWriter } from './connect.ts'
import { Connection, faultText } from './connection.ts'
import { applicationId, initialise, readHead, schemaNumber, tableNames } from './schema.ts'

/**
 * Finds or makes the file and decides whether it may be ours. It is looked at read-only first: the
 * database of another application is refused as it was found. Synchronous, for starts only.
 *
 * The file itself is never opened here but through SQLite: closing any other descriptor of it would
 * drop the locks that this process holds on it.
 */
export function openFile(location: string): { readonly path: string; readonly held: Connection } {
  const refuse = (fault: string, cause?: unknown) => new StoreRefused(location, fault, cause)
  if (location === '' || location.startsWith(':') || /^[a-z][a-z0-9+.-]+:/i.test(location)) {
    throw refuse('not a local file: give the path of a file on a disk of this machine')
  }
  try {
    const path = findOrCreate(resolve(location), refuse)
    inspect(path, refuse)
    return { path, held: prepare(path, refuse) }
  } catch (error) {
    if (error instanceof StoreRefused) throw error
    throw refuse(deniedText(error, resolve(location)) ?? faultText(error), error)
  }
}

/** `access` asks for the real user, the system in the end for the effective one. */
function deniedText(error: unknown, path: string): string | undefined {
  const { code, syscall, errcode } = error as Denied
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return `folder \`${dirname(path)}\` is not ${syscall === 'open' ? 'writable' : 'readable'}`
  }
  const denied = errcode !== undefined && deniedErrors.has(errcode & 0xff)
  return denied ? `file \`${path}\` is not writable, or its folder is not` : undefined
}
interface Denied {
  readonly code?: string
  readonly syscall?: string
  readonly errcode?: number
}
/** PERM, READONLY, CANTOPEN. */
const deniedErrors: ReadonlySet<number> = new Set([3, 8, 14])

type Refuse = (fault: string, cause?: unknown) => StoreRefused

function findOrCreate(path: string, refuse: Refuse): string {
  const folder = dirname(path)
  makeFolder(folder, refuse)
  const file = statOf(path)
  if (file !== undefined && !file.isFile()) throw refuse('not a local file: it is no regular file')
  if (!writable(folder)) throw refuse(`folder \`${folder}\` is not writable`)
  if (networkFileSystems.has(statfsSync(folder).type)) {
    throw refuse('not a local file: it is on a network file system, where its log would break')
  }
  if (file === undefined || file.size === 0) {
    // Initialising over a log that still is there would make an empty directory of a full one.
    if ((statOf(`${path}-wal`)?.size ?? 0) > 0) {
      const lost = `the file is ${file ? 'empty' : 'missing'} but its log \`${path}-wal\` is there`
      throw refuse(`${lost}: put the file back, or remove the log to begin anew`)
    }
    if (file === undefined) create(path)
  }
  for (const name of [path, `${path}-wal`, `${path}-shm`]) {
    if (statOf(name) && !writable(name)) throw refuse(`file \`${name}\` is not writable`)
  }
  return realpathSync(path)
}

/** One by one: `recursive` never ends where a file system makes no folders, as in /proc. */
function makeFolder(folder: string, refuse: Refuse): void {
  if (statOf(folder) !== undefined) return
  if (dirname(folder) !== folder) makeFolder(dirname(folder), refuse)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another process was first.
    if (codeOf(error) === 'EEXIST') return
    throw refuse(`folder \`${folder}\` cannot be made: ${codeOf(error)}`, error)
  }
}

function create(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    // Another process was first, and makes the same of it.
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

/** Whose file it is. */
function inspect(path: string, refuse: Refuse): void {
  using connection = new Connection(path, 'read', openBusyMs)
  const tables = tableNames(connection)
  const id = connection.get<{ application_id: number }>('PRAGMA application_id')?.application_id
  if (tables.length === 0 && (id === 0 || id === applicationId)) return
  if (id !== applicationId) throw refuse('not a Sallyport database: another application made it')
  if (!tables.includes('meta')) throw refuse('damaged: it holds no log; restore a backup')
  const schema = connection.get<{ schema: number }>('SELECT schema FROM meta')?.schema
  if (schema === undefined) throw refuse('damaged: it holds no log; restore a backup')
  if (schema > schemaNumber) {
    throw refuse(`written by a newer Sallyport: schema ${schema}, this one reads ${schemaNumber}`)
  }
}

/** The returned connection keeps the log beside the file until the others are open. */
function prepare(path: string, refuse: Refuse): Connection {
  {
    using layout = new Connection(path, 'write', openBusyMs)
    layout.exec('PRAGMA journal_mode = WAL')
    initialise(layout)
  }
  const connection = connectWriter(path)
  const fault = logFault(connection)
  if (fault === undefined) return connection
  connection[Symbol.dispose]()
  throw refuse(fault)
}

/** Head and log are written together: if they disagree, something else wrote here. */
function logFault(connection: Connection): string | undefined {
  return connection.snapshot(() => {
    const { revision, nonce } = readHead(connection)
    const newest = connection.get<{ rev: number; nonce: string }>(
      'SELECT rev, nonce FROM feed ORDER BY rev DESC LIMIT 1',
    )
    if (revision === 0 && newest === undefined) return undefined
    if (newest?.rev === revision && newest.nonce === nonce) return undefined
    return 'damaged: state and log disagree; restore a backup'
  })
}

/** Another process that opens the same file at the same time needs a moment for its tables. */
const openBusyMs = 5_000

/** The write-ahead log needs memory shared between processes: NFS, SMB, CIFS, SMB2, AFS, Ceph. */
const networkFileSystems: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x00c36400,
])

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
