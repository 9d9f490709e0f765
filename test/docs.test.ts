import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generatedDocs } from '../docs/generate.ts'
import { reasons } from '../src/decision/decision.ts'
import { operatorNames } from '../src/policy/condition-schema.ts'
import { ApplicationSchema, RuleSchema } from '../src/policy/schema.ts'

const root = join(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

test.each([...generatedDocs()])('%s says what the code says; else `npm run docs`', (path, text) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(text)
})

test('README explains every reason and no other', () => {
  const explained = [...readme.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, reason]) => reason)
  expect(explained.filter((name) => reasons.includes(name as never))).toEqual([...reasons])
})

describe('error codes', () => {
  const codes = filesUnder(join(root, 'src')).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/readonly code = '([A-Z_]+)'/g)].map(
      ([, code]) => code!,
    ),
  )

  test('each is in README', () => {
    expect(codes.filter((code) => !readme.includes(`\`${code}\``))).toEqual([])
  })

  test('each belongs to one error', () => {
    expect(codes.length).toBe(new Set(codes).size)
  })
})

test('every local link of README leads somewhere', () => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link!)
  expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([])
})

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)],
  )
}

describe('docs/policy.md', () => {
  const text = readFileSync(join(root, 'docs/policy.md'), 'utf8')

  test('explains every operator, every field of a rule and of an application', () => {
    const fields = [...Object.keys(RuleSchema.shape), ...Object.keys(ApplicationSchema.shape)]
    const unexplained = [...operatorNames, ...fields].filter(
      (name) => !text.includes(`\`${name}\``),
    )
    expect(unexplained).toEqual([])
  })
})
