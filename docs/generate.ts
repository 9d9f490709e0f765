import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configJsonSchema, settings } from '../src/config/config-settings.ts'
import { policyJsonSchema } from '../src/policy/json-schema.ts'

const root = join(import.meta.dirname, '..')

/** What `npm run docs` writes, by path; a test holds that it has been written. */
export function generatedDocs(): ReadonlyMap<string, string> {
  const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`
  return new Map([
    ['docs/schema/config.schema.json', json(configJsonSchema())],
    ['docs/schema/policy.schema.json', json(policyJsonSchema())],
    ['README.md', withSettings(readFileSync(join(root, 'README.md'), 'utf8'))],
  ])
}

function withSettings(readme: string): string {
  const rows = settings().map(
    ({ path, standard, meaning }) => `| \`${path}\` | \`${standard}\` | ${meaning} |`,
  )
  const table = ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n')
  const begin = '<!-- settings: written by `npm run docs` -->'
  const end = '<!-- /settings -->'
  const [before, rest = ''] = readme.split(begin)
  const after = rest.slice(rest.indexOf(end))
  return `${before}${begin}\n${table}\n${after}`
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of generatedDocs()) writeFileSync(join(root, path), text)
}
