import type { Fault } from '../std/fault.ts'
import { type LocatedYaml, type Path, parseLocatedYaml } from '../std/located-yaml.ts'
import { policyFileBytesMax } from './limits.ts'
import { shapeFaults, structureFaults } from './shape-faults.ts'
import { TestFileSchema, type TestPart } from './test-schema.ts'

/** An example of what the rules answer, with the way back to its place. */
export interface PolicyTest {
  readonly part: TestPart
  readonly file: string
  readonly line: number
  /** What is wrong at a place in it; `key`: with the last part of the path itself. */
  faultAt(path: Path, message: string, at?: 'key'): Fault
}

/** The tests of a file whose shape is right. */
export function testsOf({
  document,
  content,
}: {
  readonly document: LocatedYaml
  readonly content: { readonly tests?: readonly TestPart[] | undefined }
}): readonly PolicyTest[] {
  return (content.tests ?? []).map((part, index) => {
    const path = ['tests', index]
    const { file } = document
    return {
      part,
      file,
      line: document.placeOf(path).line,
      faultAt: (below, message, at) => {
        const whole = [...path, ...below]
        const place = at === 'key' ? document.placeOfKey(whole) : document.placeOf(whole)
        return { file, ...place, message }
      },
    }
  })
}

/** A file of tests alone. */
export function readTestFile(source: {
  readonly file: string
  readonly text: string
}): readonly PolicyTest[] | { readonly faults: readonly Fault[] } {
  const { file, text } = source
  if (Buffer.byteLength(text) > policyFileBytesMax) {
    const message = `the file has more than ${policyFileBytesMax} bytes: split it`
    return { faults: [{ file, line: 0, column: 0, message }] }
  }
  const document = parseLocatedYaml(text, file)
  if (document.kind === 'faults') return { faults: document.faults }
  const structure = structureFaults(document)
  if (structure.length > 0) return { faults: structure }
  const parsed = TestFileSchema.safeParse(document.value)
  if (parsed.success) return testsOf({ document, content: parsed.data })
  const faults = shapeFaults(parsed.error.issues, document, TestFileSchema)
  return { faults: faults.map(({ fault }) => fault) }
}
