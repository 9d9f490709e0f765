import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../peers')

/**
 * Installs what the product is measured against, if it is not there yet. Undefined: it is there;
 * otherwise why it cannot be had, in one line.
 */
export function missingPeers(): string | undefined {
  if (existsSync(join(folder, 'node_modules'))) return undefined
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--prefix', folder], { stdio: 'pipe' })
    return undefined
  } catch {
    return '`npm ci --prefix bench/peers` failed: run it by hand to see why'
  }
}
