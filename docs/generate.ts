import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configJsonSchema, settings } from '../src/config/config-settings.ts'
import { findingCatalogue } from '../src/insight/finding-catalogue.ts'
import { policyJsonSchema, policyTestsJsonSchema } from '../src/policy/json-schema.ts'

const root = join(import.meta.dirname, '..')

/** What `npm run docs` writes, by path; a test holds that it has been written. */
export function generatedDocs(): ReadonlyMap<string, string> {
  const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`
  const written = (path: string) => readFileSync(join(root, path), 'utf8')
  return new Map([
    ['docs/schema/config.schema.json', json(configJsonSchema())],
    ['docs/schema/policy.schema.json', json(policyJsonSchema())],
    ['docs/schema/policy-tests.schema.json', json(policyTestsJsonSchema())],
    ['README.md', withTable(written('README.md'), 'settings', settingsTable())],
    [health, withTable(written(health), 'findings', findingsTable())],
  ])
}

const health = 'docs/provisioning-health.md'

/** The page with its table of this name written anew. */
function withTable(page: string, name: string, table: readonly string[]): string {
  const begin = `<!-- ${name}: written by \`npm run docs\` -->`
  const end = `<!-- /${name} -->`
  const [before, rest = ''] = page.split(begin)
  const after = rest.slice(rest.indexOf(end))
  return `${before}${begin}\n${table.join('\n')}\n${after}`
}

function settingsTable(): readonly string[] {
  const rows = settings().map(
    ({ path, standard, meaning }) => `| \`${path}\` | \`${standard}\` | ${meaning} |`,
  )
  return ['| setting | default | meaning |', '|---|---|---|', ...rows]
}

function findingsTable(): readonly string[] {
  const rows = Object.entries(findingCatalogue).map(
    ([code, { severity, seen, remedy }]) => `| \`${code}\` | ${severity} | ${seen} | ${remedy} |`,
  )
  return ['| code | severity | what was seen | what to do |', '|---|---|---|---|', ...rows]
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of generatedDocs()) writeFileSync(join(root, path), text)
}
