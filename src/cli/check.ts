import type { Command } from 'commander'
import type { CheckRequest, ClientDecision } from '../client/client.ts'
import type { Verb } from './cli.ts'
import { type ConfigOptions, configFlag, configHelp, loadConfig } from './config-option.ts'
import { complain, type ExitCode, exit, print } from './exit.ts'
import { type ClientFiles, openClient } from './open-client.ts'
import { snakeKeys } from './snake-keys.ts'
import { valuesOf } from './values-option.ts'

interface CheckOptions extends ConfigOptions, ClientFiles {
  readonly user?: string
  readonly id?: string
  readonly externalId?: string
  readonly directory?: string
  readonly app?: string
  readonly host?: string
  readonly ip?: string
  readonly port?: string
  readonly protocol?: string
  readonly action?: string
  readonly context: readonly string[]
  readonly claim: readonly string[]
  readonly server?: string
  readonly explain?: boolean
  readonly json?: boolean
}

export function addCheck(program: Command, verb: Verb): void {
  const collect = (value: string, all: readonly string[]) => [...all, value]
  program
    .command('check')
    .description('ask a running server: allow or block?')
    .option('--user <userName>', 'who asks, by SCIM userName')
    .option('--id <id>', 'who asks, by SCIM id')
    .option('--external-id <id>', 'who asks, by externalId')
    .option('--directory <id>', "the subject's directory (default: by domain)")
    .option('--app <name>', 'application, by name')
    .option('--host <host>', 'application, by host name')
    .option('--ip <address>', 'application, by IP address')
    .option('--port <number>', 'port of the connection')
    .option('--protocol <name>', 'tcp, udp or icmp')
    .option('--action <name>', 'default: connect')
    .option('--context <key=value>', 'what the gateway knows, such as country=DE', collect, [])
    .option('--claim <key=value>', 'what a token says of the subject', collect, [])
    .option('--explain', 'every rule considered, and why')
    .option('--server <host:port>', 'gRPC address (default: the one of the config)')
    .option('--token-file <file>', 'token of a connector; anybody could see it in the arguments')
    .option('--ca <file>', 'TLS: who signs the certificate of the server, PEM')
    .option('--cert <file>', 'TLS: certificate of a connector, PEM')
    .option('--key <file>', 'TLS: its key, PEM')
    .option(configFlag, configHelp)
    .option('--json', 'answer as JSON')
    .action(verb(check))
}

async function check(options: CheckOptions): Promise<ExitCode> {
  const request = requestOf(options)
  if (typeof request === 'string') {
    complain(`sallyport: ${request}`)
    return exit.misuse
  }
  const server = options.server ?? serverOf(options)
  if (!isAddress(server)) {
    const fault = options.server === undefined ? 'has no fixed port' : 'is no host:port'
    complain(`sallyport: gRPC address \`${server}\` ${fault}: name it with --server`)
    return exit.misuse
  }
  const opened = await openClient(server, options)
  if ('fault' in opened) {
    complain(`sallyport: ${opened.fault}`)
    return opened.exit
  }
  using client = opened.client
  const json = options.json === true
  if (options.explain === true) {
    const explanation = await client.explain(request)
    const { decision } = explanation
    if (decision.wire !== undefined) return wireFailure(decision, json)
    print(json, snakeKeys(explanation), explanation.text)
    return decision.allowed ? exit.fine : exit.no
  }
  const decision = await client.check(request)
  if (decision.wire !== undefined) return wireFailure(decision, json)
  print(json, snakeKeys(decision), sentence(decision))
  return decision.allowed ? exit.fine : exit.no
}

function wireFailure(decision: ClientDecision, json: boolean): ExitCode {
  const { code, detail } = decision.wire ?? { code: '', detail: '' }
  if (json) print(true, snakeKeys(decision), '')
  else complain(`sallyport: no decision, so block: ${code}: ${withoutEmptyNote(detail)}`)
  return code === 'INVALID_ARGUMENT' || code === 'REQUEST' ? exit.misuse : exit.failed
}

/** grpc-js ends its text with a heading under which there is nothing. */
function withoutEmptyNote(detail: string): string {
  return detail.replace(/\.? Resolution note: *$/, '')
}

/** A request, or what is wrong with the options. */
function requestOf(options: CheckOptions): CheckRequest | string {
  const names = [options.user, options.id, options.externalId].filter((name) => name !== undefined)
  if (names.length !== 1) return 'name the subject with one of --user, --id and --external-id'
  if (options.app === undefined && options.host === undefined && options.ip === undefined) {
    return 'name what is connected to with --app, or with --host or --ip'
  }
  const port = options.port === undefined ? undefined : Number(options.port)
  if (port !== undefined && !Number.isInteger(port)) return `--port \`${options.port}\`: no number`
  const context = valuesOf('--context', options.context)
  if (typeof context === 'string') return context
  const claims = valuesOf('--claim', options.claim)
  if (typeof claims === 'string') return claims
  const { user, id, externalId, directory, app, host, ip, protocol, action } = options
  const given = { user, id, externalId, directory, app, host, ip, port, protocol, action }
  const present = Object.entries(given).filter(([, value]) => value !== undefined)
  // A person waits longer than a gateway, and a first connection takes its time.
  return { ...Object.fromEntries(present), context, claims, timeoutMs: personWaitsMs }
}

const personWaitsMs = 3000

function serverOf(options: ConfigOptions): string {
  const { host, port } = loadConfig(options).listen.grpc
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** A host, an IPv6 one in brackets, and a port that can be connected to. */
function isAddress(text: string): boolean {
  return /^(\[[0-9a-f:.]+\]|[^\s:/[\]]+):[1-9]\d{0,4}$/i.test(text)
}

function sentence(decision: ClientDecision): string {
  const { effect, application, reason, rule, message, unknown } = decision
  const by = rule === '' ? reason : `rule ${rule}`
  const lines = [`${effect}${application === '' ? '' : ` ${application}`} (${by})`]
  if (message !== '') lines.push(`  ${message}`)
  for (const { id, type, properties } of decision.obligations) {
    lines.push(`  obligation ${id}: ${type} ${JSON.stringify(properties)}`)
  }
  if (unknown.length > 0) lines.push(`  unknown: ${unknown.join(', ')}`)
  lines.push(`  decision ${decision.decisionId} at revision ${decision.revision}`)
  return lines.join('\n')
}
