import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generatedDocs } from '../docs/generate.ts'
import { checkPolicies } from '../src/app/check-policies.ts'
import { readHouseConfig } from '../src/app/house-config.ts'
import { customSchema } from '../src/config/custom-schema.ts'
import { reasons } from '../src/decision/decision.ts'
import { attributesMax, schemasMax } from '../src/directory/custom-schema-faults.ts'
import { filterDepthMax, filterTermsMax } from '../src/directory/filter.ts'
import { nestingDepthMax } from '../src/directory/membership.ts'
import { operatorNames } from '../src/policy/condition-schema.ts'
import { ApplicationSchema, RuleSchema } from '../src/policy/schema.ts'
import { scannedMax, scannedReferencesMax } from '../src/scim/matches.ts'
import { countDefault, countMax } from '../src/scim/page-request.ts'
import { pageReferencesMax } from '../src/scim/search-pages.ts'
import { sortKeyLengthMax } from '../src/scim/sort-order.ts'

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

describe('docs/custom-schemas.md', () => {
  const text = readFileSync(join(root, 'docs/custom-schemas.md'), 'utf8')

  test('has an example that loads, rules and schemas together', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-docs-'))
    for (const [, name, block] of text.matchAll(/^```yaml (config|policy)\n(.*?)^```$/gms)) {
      writeFileSync(join(folder, `${name}.yaml`), block!)
    }
    const config = readHouseConfig(join(folder, 'config.yaml'))
    const [checked] = await checkPolicies(config)
    expect(checked?.policy.rules).toHaveLength(3)
    expect(checked?.policy.attributesRead).toEqual([config.tenants[0]?.schemas[0]?.id])
  })

  test('explains every field of a schema and of an attribute, and the limits', () => {
    const attribute = customSchema.shape.attributes.element.shape
    const fields = [...Object.keys(customSchema.shape), ...Object.keys(attribute)]
    expect(fields.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
    expect(text).toContain(`at most ${attributesMax} in all schemas of a tenant`)
    expect(text).toContain(`at most ${schemasMax} schemas`)
  })
})

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

test.each([
  [`at most ${shown(scannedMax)} of them with ${shown(scannedReferencesMax)} members`],
  [`more than ${shown(pageReferencesMax)} members or groups together`],
  [`${countDefault} unless said; more than ${countMax} is taken for ${countMax}`],
  [`of its first ${sortKeyLengthMax} characters`],
  [`${filterTermsMax} comparisons, ${filterDepthMax} parentheses deep`],
  [`Groups within groups are followed ${nestingDepthMax}\ndeep`],
])('docs/scim.md has the limit that the code has: %s', (limit) => {
  expect(readFileSync(join(root, 'docs/scim.md'), 'utf8')).toContain(limit)
})

function shown(limit: number): string {
  return limit.toLocaleString('en')
}
