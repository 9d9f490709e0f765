import type {
  Collection,
  DirectoryId,
  Ordinal,
  Revision,
  Stored,
} from '../../directory/directory.ts'
import { fromText, parseDocument, toText } from '../stored-text.ts'

/**
 * A user or group as one string: five lines that scripts read without parsing JSON, then the
 * document. `<revision>\n<id>\n<created>\n<modified>\n<display>\n<document>`; display is a group's
 * displayName and empty for users.
 */
export interface RecordText {
  readonly revision: Revision
  readonly id: string
  readonly created: string
  readonly modified: string
  /** JSON. */
  readonly document: string
}

/** A value that must not end its line. */
export function toLine(value: string): string {
  if (!value.includes('\n')) return toText(value)
  return escaped + JSON.stringify(value)
}
const escaped = '\u{10ffff}'

export function parseRecord(text: string): RecordText {
  const ends: number[] = []
  for (let at = 0; ends.length < headLines; at = ends.at(-1)! + 1) {
    const end = text.indexOf('\n', at)
    if (end < 0) throw new Error('a record without its head: the data is damaged')
    ends.push(end)
  }
  const line = (number: number) =>
    text.slice(number === 0 ? 0 : ends[number - 1]! + 1, ends[number])
  return {
    revision: Number(line(0)),
    id: fromText(line(1)),
    created: line(2),
    modified: line(3),
    document: text.slice(ends[headLines - 1]! + 1),
  }
}
const headLines = 5

export function toStored(
  of: Collection,
  directory: DirectoryId,
  ordinal: Ordinal,
  text: string,
): Stored {
  const { revision, id, created, modified, document } = parseRecord(text)
  return {
    ...{ of, directory, ordinal, id, revision, created, lastModified: modified },
    document: parseDocument(document),
  }
}
