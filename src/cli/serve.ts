import { realpathSync } from 'node:fs'
import type { Command } from 'commander'
import type { App } from '../app/app.ts'
import { type Role, roles } from '../app/roles.ts'
import type { Config } from '../config/config.ts'
import type { Verb } from './cli.ts'
import {
  type ConfigOptions,
  configFlag,
  configHelp,
  loadConfig,
  quickstartFile,
  storeFlag,
  storeHelp,
} from './config-option.ts'
import { complain, exit } from './exit.ts'
import { explainFailure } from './failure.ts'

interface ServeOptions extends ConfigOptions {
  readonly roles?: string
  readonly json?: boolean
}

export function addServe(program: Command, verb: Verb): void {
  program
    .command('serve')
    .description('serve SCIM, decisions and admin until a signal ends it')
    .option(configFlag, configHelp)
    .option('--roles <list>', `some of ${roles.join(',')} (default: all)`)
    .option(storeFlag, storeHelp)
    .option('--json', 'print one line with the addresses when ready')
    .action(
      verb(async (options: ServeOptions) => {
        const wanted = rolesOf(options.roles)
        if (wanted === undefined) {
          complain(`sallyport: --roles takes some of ${roles.join(',')}`)
          return exit.misuse
        }
        const config = loadConfig(options)
        const { startApp } = await import('../app/app.ts')
        const { mintFirstToken } = await import('../app/first-token.ts')
        const { stopOnSignal } = await import('../app/shutdown.ts')
        await using started = new AsyncDisposableStack()
        const app = started.use(await startApp(config, wanted))
        const token = isQuickstart(config) ? await mintFirstToken(config) : undefined
        const serving = started.move()
        stopOnSignal(
          () => serving.disposeAsync(),
          (error) => complain(explainFailure(error)),
        )
        announce(config, app, token, options.json === true)
        return undefined
      }),
    )
}

function rolesOf(list: string | undefined): ReadonlySet<Role> | undefined {
  if (list === undefined) return new Set(roles)
  const wanted = list.split(',').map((role) => role.trim())
  if (!wanted.every((role): role is Role => roles.includes(role as Role))) return undefined
  return new Set(wanted)
}

function isQuickstart({ file }: Config): boolean {
  return realpathSync(file) === realpathSync(quickstartFile)
}

/** Names only what listens. */
function announce(config: Config, app: App, token: string | undefined, json: boolean): void {
  const { scim, grpc, authzen, admin } = app.addresses
  if (json) {
    const ready = { scim, grpc, authzen, admin, ...(token !== undefined && { token }) }
    process.stdout.write(`${JSON.stringify(ready)}\n`)
    return
  }
  const lines = [`sallyport serves ${config.file}`]
  if (scim !== undefined) {
    for (const { directories } of config.tenants) {
      for (const { id } of directories) lines.push(`  SCIM tenant URL  ${scim}/scim/${id}/v2`)
    }
  }
  if (token !== undefined) lines.push(`  secret token     ${token}   (shown this once)`)
  if (grpc !== undefined) lines.push(`  gRPC decisions   ${grpc}`)
  if (authzen !== undefined) lines.push(`  AuthZEN          ${authzen}/access/v1/evaluation`)
  if (admin !== undefined) lines.push(`  admin            ${admin}/readyz  /livez  /metrics`)
  if (isQuickstart(config)) {
    lines.push('', 'Ask it:', '  npx sallyport check --user ann@acme.example --app wiki')
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}
