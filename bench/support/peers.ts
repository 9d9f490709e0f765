import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../peers')

/**
 * Installs what the product is measured against, if it is not there yet. Undefined: it is there;
 * otherwise why it cannot be had, in one line.
 */
export function missingPeers(): string | undefined {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>
  }
  const isThere = (name: string) => existsSync(join(folder, 'node_modules', name))
  if (Object.keys(dependencies).every(isThere)) return undefined
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--prefix', folder], { stdio: 'pipe' })
    return undefined
  } catch {
    return '`npm ci --prefix bench/peers` failed: run it by hand to see why'
  }
}
