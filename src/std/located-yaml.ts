import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import type { Fault } from './fault.ts'
import { knownKeysAt } from './known-keys.ts'
import { didYouMean } from './nearest-name.ts'

export type Path = readonly PropertyKey[]
/** Takes down one thing that is wrong. */
export type AddFault = (path: Path, message: string) => void

/** A YAML 1.2 file as plain values, which remembers where each value stood. */
export interface LocatedYaml {
  readonly kind: 'document'
  readonly file: string
  readonly value: unknown
  /** Of the value at `path`, or of the nearest thing around it that exists. */
  placeOf(path: Path): Place
  /** Of the key itself rather than of its value. */
  placeOfKey(path: Path): Place
  faultAt(path: Path, message: string): Fault
}
export interface Place {
  readonly line: number
  readonly column: number
}

/**
 * Reads YAML 1.2 core (so `NO` is Norway, `on` is a string) or JSON: one document, no duplicate
 * keys, no merge keys, no aliases that unfold without bound. Everything wrong is told at once.
 */
export function parseLocatedYaml(
  text: string,
  file: string,
): LocatedYaml | { readonly kind: 'faults'; readonly faults: readonly Fault[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: true,
    lineCounter: lines,
    prettyErrors: false,
  })
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problems = [...document.errors, ...document.warnings]
  if (problems.length > 0) {
    const faults = problems.map((problem) => ({
      file,
      ...place(problem.pos[0]),
      message: problem.message.split('\n')[0]!.replace(/[.:]$/, ''),
    }))
    return { kind: 'faults', faults }
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { kind: 'faults', faults: [{ file, line: 1, column: 1, message }] }
  }
  const root = document.contents as Node | null
  const placeOf = (path: Path) => place(nodeAt(root, path).value?.range?.[0] ?? 0)
  const placeOfKey = (path: Path) => {
    const { key, value } = nodeAt(root, path)
    return place((key ?? value)?.range?.[0] ?? 0)
  }
  const faultAt = (path: Path, message: string) => ({ file, ...placeOf(path), message })
  return { kind: 'document', file, value, placeOf, placeOfKey, faultAt }
}

/** Anchors used more often than this are an attempt to unfold a small file into a huge one. */
const maxAliasCount = 100

/** What a zod schema found wrong, each at its place, unknown keys with the nearest known one. */
export function faultsOf(
  error: z.ZodError,
  document: LocatedYaml,
  schema: z.ZodType,
): readonly Fault[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') {
      return [document.faultAt(issue.path, `${printPath(issue.path)}${issue.message}`)]
    }
    return issue.keys.map((key) => {
      const path = [...issue.path, key]
      const known = knownKeysAt(schema, issue.path)
      const allowed = known.length === 0 ? '' : `; known here: ${known.join(', ')}`
      const message = `\`${pathText(path)}\` is unknown${didYouMean(key, known)}${allowed}`
      return { file: document.file, ...document.placeOfKey(path), message }
    })
  })
}

function printPath(path: Path): string {
  return path.length === 0 ? '' : `\`${pathText(path)}\`: `
}

/** `rules[2].effect`. */
export function pathText(path: Path): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
    )
    .join('')
}

interface Found {
  readonly key: Node | undefined
  readonly value: Node | undefined
}

function nodeAt(root: Node | null, path: Path): Found {
  let found: Found = { key: undefined, value: root ?? undefined }
  for (const part of path) {
    const next = childOf(found.value, part)
    if (next === undefined) return found
    found = next
  }
  return found
}

function childOf(node: Node | undefined, part: PropertyKey): Found | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(part)] as Node | undefined
    return item === undefined ? undefined : { key: undefined, value: item }
  }
  if (!isMap(node)) return undefined
  for (const pair of node.items) {
    if (!isPair(pair) || !isScalar(pair.key) || String(pair.key.value) !== String(part)) continue
    const key = pair.key as Node
    return { key, value: (pair.value as Node | null) ?? key }
  }
  return undefined
}
