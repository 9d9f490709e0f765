import type { Command } from 'commander'
import type { Config } from '../config/config.ts'
import type { Verb } from './cli.ts'
import {
  type ConfigOptions,
  configFlag,
  configHelp,
  loadConfig,
  storeFlag,
  storeHelp,
} from './config-option.ts'
import { complain, type ExitCode, exit, print } from './exit.ts'
import { instantOf } from './instant.ts'
import { openOperator } from './open-operator.ts'

interface TokenOptions extends ConfigOptions {
  readonly directory?: string
  readonly connector?: string
  readonly label: string
  readonly expires?: string
  readonly replace?: string
  readonly json?: boolean
}

export function addToken(program: Command, verb: Verb): void {
  const token = program
    .command('token')
    .description('bearer tokens of identity providers (SCIM) and of connectors')
  const common = (name: string, text: string) =>
    token
      .command(name)
      .description(text)
      .option(configFlag, configHelp)
      .option(storeFlag, storeHelp)
      .option('--json', 'answer as JSON')
  common('create', 'make a token for one directory or connector; it is shown this once')
    .option('--directory <id>', 'directory that the token may write')
    .option('--connector <id>', 'connector that may ask for decisions with it')
    .option('--label <text>', 'what people call it', 'identity provider')
    .option('--expires <instant>', 'RFC 3339 instant (default: never)')
    .option('--replace <id>', 'revoke this live token first')
    .action(verb(create))
  common('list', 'tokens, newest first')
    .option('--directory <id>', 'only of this directory')
    .action(verb(list))
  common('revoke', 'end a token at once').argument('<id>', 'see `token list`').action(verb(revoke))
}

async function create(options: TokenOptions): Promise<ExitCode> {
  const { directory, connector, label, expires, replace } = options
  if ((directory === undefined) === (connector === undefined)) {
    complain('sallyport: say whose token it is with one of --directory and --connector')
    return exit.misuse
  }
  if (connector !== undefined) return await createForConnector(connector, options)
  return await createForDirectory(directory!, { label, expires, replace }, options)
}

/** Nothing is stored: the line that lets it in goes into the config. */
async function createForConnector(connector: string, options: TokenOptions): Promise<ExitCode> {
  if (options.expires !== undefined || options.replace !== undefined) {
    complain('sallyport: a connector token ends when its line leaves the config: no --expires')
    return exit.misuse
  }
  const { newConnectorToken } = await import('../app/connector-token.ts')
  const { token, row } = newConnectorToken(connector)
  const text = [
    `Token  ${token}`,
    '',
    'Add its digest to the config; a running server takes it within a second:',
    'connectors:',
    `  ${connector}: { tokens: ["${row}"] }`,
    '',
    'The secret is not kept: copy it now. Whoever removes the line ends the token.',
  ]
  print(options.json === true, { connector, token, tokens: [row] }, text.join('\n'))
  return exit.fine
}

interface Wishes {
  readonly label: string
  readonly expires: string | undefined
  readonly replace: string | undefined
}

async function createForDirectory(
  directory: string,
  { label, expires, replace }: Wishes,
  options: TokenOptions,
): Promise<ExitCode> {
  if (expires !== undefined && !isFuture(expires)) {
    complain(`sallyport: --expires \`${expires}\`: expected a future instant, 2027-01-31T00:00:00Z`)
    return exit.misuse
  }
  const config = loadConfig(options)
  await using operator = await openOperator(config)
  const created = await operator.createToken(directory, {
    label,
    ...(expires !== undefined && { expires }),
    ...(replace !== undefined && { replace }),
  })
  switch (created.kind) {
    case 'created': {
      const { record, token } = created
      const scimUrl = scimUrlOf(config, directory)
      const facts = { directory, id: record.id, token, scim_url: scimUrl, created: record.created }
      const text = [
        `Tenant URL    ${scimUrl}`,
        `Secret Token  ${token}`,
        '',
        `Token ${record.id} of directory ${directory}. The secret is not kept: copy it now.`,
      ]
      print(options.json === true, { ...facts, expires: record.expires ?? null }, text.join('\n'))
      return exit.fine
    }
    case 'tooMany':
      complain(`sallyport: ${created.message}`)
      return exit.no
    case 'unknownToken':
      complain(`sallyport: \`${replace}\` is no token of directory \`${directory}\``)
      return exit.no
    case 'unavailable':
      throw created.cause
  }
}

async function list(options: TokenOptions): Promise<ExitCode> {
  await using operator = await openOperator(loadConfig(options))
  const tokens = await operator.listTokens(options.directory)
  const rows = tokens.map(({ id, directory, label, created, expires, revoked, live }) => {
    const state = live ? 'live' : revoked === undefined ? 'expired' : 'revoked'
    return { id, directory, state, created, expires: expires ?? null, label }
  })
  const lines = rows.map(
    (row) => `${row.id}  ${row.directory}  ${row.state.padEnd(7)}  ${row.created}  ${row.label}`,
  )
  print(options.json === true, rows, lines.join('\n') || 'no tokens')
  return exit.fine
}

async function revoke(id: string, options: TokenOptions): Promise<ExitCode> {
  await using operator = await openOperator(loadConfig(options))
  const revoked = await operator.revokeToken(id)
  if (revoked.kind === 'unavailable') throw revoked.cause
  if (revoked.kind === 'unknown') {
    complain(`sallyport: no token \`${id}\`; see \`sallyport token list\``)
    return exit.no
  }
  print(options.json === true, { id, revoked: true }, `token ${id} is revoked`)
  return exit.fine
}

function scimUrlOf({ listen: { scim } }: Config, directory: string): string {
  const host = scim.host.includes(':') ? `[${scim.host}]` : scim.host
  const scheme = scim.tls === undefined ? 'http' : 'https'
  const base = scim.publicUrl ?? `${scheme}://${host}:${scim.port}`
  return `${base}/scim/${directory}/v2`
}

function isFuture(text: string): boolean {
  const instant = instantOf(text)
  return instant !== undefined && Temporal.Instant.compare(instant, Temporal.Now.instant()) > 0
}
