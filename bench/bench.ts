import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** `npm run bench -- NAME [--json]`: runs bench/NAME.ts, or says which there are. */
const names = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && entry.name !== 'bench.ts')
  .map((entry) => entry.name.slice(0, -'.ts'.length))
  .sort()
const [name, ...options] = process.argv.slice(2)

if (name === undefined || !names.includes(name)) {
  const unknown = name === undefined ? '' : `no bench \`${name}\`\n`
  process.stderr.write(`${unknown}usage: npm run bench -- NAME [--json]\n  ${names.join('\n  ')}\n`)
  process.exitCode = 2
} else {
  const flags = ['--expose-gc', join(import.meta.dirname, `${name}.ts`), ...options]
  const { status } = spawnSync(process.execPath, flags, { stdio: 'inherit' })
  process.exitCode = status ?? 1
}
