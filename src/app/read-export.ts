import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { CreateResource, TokenRecord } from '../directory/change.ts'
import type { Collection, DirectoryId } from '../directory/directory.ts'
import { fold } from '../directory/identity.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { readExported } from '../scim/exported.ts'
import { type ExportedResource, exportFormat, exportSchema } from './directory-export.ts'

/**
 * The file, or the directory, is not what an import can begin with, and nothing was written; or
 * somebody else writes to the directory, and it ends in between.
 */
export class ImportRefused extends Error {
  override readonly name = 'ImportRefused'
  readonly code = 'IMPORT_REFUSED'

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
  }
}

export interface ReadExport {
  readonly groups: readonly CreateResource[]
  readonly users: readonly CreateResource[]
  readonly tokens: readonly TokenRecord[]
}

/** All that an export holds, for this directory. @throws {ImportRefused} telling every fault */
export function readExport(
  file: string,
  directory: DirectoryId,
  registry: SchemaRegistry,
): ReadExport {
  const bytes = readBytes(file)
  const body = checkedBody(bytes)
  const reader = new ExportReader(directory, registry)
  let number = 0
  for (const line of linesOf(body)) {
    number++
    if (number === 1) mustBeHead(parse(line, number))
    else reader.read(parse(line, number), `line ${number}`)
    if (reader.faults.length >= faultsMax) break
  }
  if (reader.faults.length > 0) throw new ImportRefused(reader.faults)
  return reader
}
const faultsMax = 20

class ExportReader implements ReadExport {
  readonly groups: CreateResource[] = []
  readonly users: CreateResource[] = []
  readonly tokens: TokenRecord[] = []
  readonly faults: string[] = []
  readonly #directory: DirectoryId
  readonly #registry: SchemaRegistry
  /** Ids and names, as the store compares them. */
  readonly #seen = new Set<string>()

  constructor(directory: DirectoryId, registry: SchemaRegistry) {
    this.#directory = directory
    this.#registry = registry
  }

  read(line: Record<string, unknown>, place: string): void {
    if (line.group) this.#resource('groups', line.group, place)
    else if (line.user) this.#resource('users', line.user, place)
    else if (line.token) this.#token(line.token, place)
    else this.faults.push(`${place}: holds none of group, user, token`)
  }

  #resource(of: Collection, sent: unknown, place: string): void {
    const read = readExported(of, sent, this.#registry)
    if ('fault' in read) {
      this.faults.push(`${place}: ${read.fault}`)
      return
    }
    const { document } = read
    const { id, created, last_modified: at, members = [] } = sent as Sent
    const attribute = of === 'users' ? 'userName' : 'displayName'
    this.#once(id, place, `the id ${id}`)
    this.#once(`${of} ${fold(String(document[attribute]))}`, place, `this ${attribute}`)
    const { length } = this[of]
    this[of][length] = {
      ...{ op: 'create', of, directory: this.#directory, id, created, at, document },
      ...(of === 'groups' && { members }),
    }
  }

  #token(sent: unknown, place: string): void {
    const read = tokenRecord.safeParse(sent)
    if (!read.success) {
      const [{ path, message } = { path: [], message: '' }] = read.error.issues
      this.faults.push(`${place}: token.${path.join('.')}: ${message}`)
      return
    }
    const { expires, revoked, ...token } = read.data
    this.#once(`token ${token.id}`, place, `the token ${token.id}`)
    this.tokens.push({
      ...{ ...token, directory: this.#directory },
      ...(expires !== undefined && { expires }),
      ...(revoked !== undefined && { revoked }),
    })
  }

  #once(key: string, place: string, what: string): void {
    if (this.#seen.has(key)) this.faults.push(`${place}: ${what} stands twice`)
    this.#seen.add(key)
  }
}
type Sent = ExportedResource & { readonly members?: readonly string[] }

const tokenRecord = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  directory: z.string(),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  label: z.string(),
  created: z.iso.datetime(),
  expires: z.iso.datetime().optional(),
  revoked: z.iso.datetime().optional(),
})

/** Everything above the foot, if the foot has its checksum. */
function checkedBody(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== lineEnd) {
    throw new ImportRefused(['the file ends within a line: it was cut off'])
  }
  const footAt = bytes.length < 2 ? 0 : bytes.lastIndexOf(lineEnd, bytes.length - 2) + 1
  const body = bytes.subarray(0, footAt)
  const { sha256 } = parse(bytes.toString('utf8', footAt, bytes.length - 1), 'last')
  if (sha256 !== createHash('sha256').update(body).digest('hex')) {
    throw new ImportRefused(['the checksum in its last line is not that of the file'])
  }
  return body
}
const lineEnd = 0x0a

/** One at a time: as one text, a large export would be longer than a string can be. */
function* linesOf(body: Buffer): Iterable<string> {
  for (let from = 0; from < body.length; ) {
    const end = body.indexOf(lineEnd, from)
    yield body.toString('utf8', from, end)
    from = end + 1
  }
}

function mustBeHead({ format, schema }: Record<string, unknown>): void {
  if (format === exportFormat && schema === exportSchema) return
  const wanted = `${exportFormat}, schema ${exportSchema}`
  throw new ImportRefused([`line 1: expected ${wanted}, found ${format}, ${schema}`])
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new ImportRefused([`\`${file}\` cannot be read (${code})`])
  }
}

function parse(text: string, line: number | 'last'): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw new ImportRefused([
    line === 'last' ? 'its last line is no JSON object' : `line ${line}: is no JSON object`,
  ])
}
