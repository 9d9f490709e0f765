import type { Command } from 'commander'
import type { Value } from '../policy/policy.ts'
import { printFaults } from '../std/fault.ts'
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
import { policyTarget, type TargetOptions } from './policy-target.ts'
import { snakeKeys } from './snake-keys.ts'
import { valuesOf } from './values-option.ts'

interface ExplainOptions extends ConfigOptions, TargetOptions {
  readonly user: string
  readonly directory?: string
  readonly app?: string
  readonly host?: string
  readonly ip?: string
  readonly port?: string
  readonly protocol?: string
  readonly action: string
  readonly context: readonly string[]
  readonly claim: readonly string[]
  readonly now?: string
  readonly json?: boolean
}

export function addPolicyExplain(policy: Command, verb: Verb): void {
  const collect = (value: string, all: readonly string[]) => [...all, value]
  policy
    .command('explain')
    .description('what rule files would answer to a user of the store, and why; no server is asked')
    .argument('[path]', 'rule file or folder (default: that of the config)')
    .requiredOption('--user <userName>', 'who asks')
    .option('--directory <id>', "the user's directory (default: by domain)")
    .option('--app <name>', 'application, by name')
    .option('--host <host>', 'application, by host name')
    .option('--ip <address>', 'application, by IP address')
    .option('--port <number>', 'port of the connection')
    .option('--protocol <name>', 'tcp, udp or icmp')
    .option('--action <name>', 'what is done with it', 'connect')
    .option('--context <key=value>', 'what the gateway knows, such as country=DE', collect, [])
    .option('--claim <key=value>', 'what a token says of the subject', collect, [])
    .option('--now <time>', 'RFC 3339 time of the attempt (default: now)')
    .option('--tenant <id>', 'whose rules they are (default: the only tenant)')
    .option(configFlag, configHelp)
    .option(storeFlag, storeHelp)
    .option('--json', 'answer as JSON')
    .action(verb(explain))
}

async function explain(given: string | undefined, options: ExplainOptions): Promise<ExitCode> {
  const config = loadConfig(options)
  const target = policyTarget(given, options, config)
  const attempt = attemptOf(options)
  const now = options.now === undefined ? undefined : instantOf(options.now)
  const fault =
    typeof target === 'string'
      ? target
      : typeof attempt === 'string'
        ? attempt
        : options.now !== undefined && now === undefined
          ? `--now \`${options.now}\`: no RFC 3339 time`
          : undefined
  if (typeof target === 'string' || typeof attempt === 'string' || fault !== undefined) {
    complain(`sallyport: ${fault}`)
    return exit.misuse
  }
  const json = options.json === true
  const { explainPolicy } = await import('../app/policy-trial.ts')
  const { PolicyFileError } = await import('../app/policy-file.ts')
  try {
    const { systemClock } = await import('../std/clock.ts')
    const at = now?.epochMilliseconds ?? systemClock.wallMs()
    const { answer, ...explanation } = await explainPolicy({ config, ...target }, attempt, at)
    const { shadow: _shadow, ...decision } = answer
    print(json, snakeKeys({ decision, ...explanation }), explanation.text)
    return answer.effect === 'allow' ? exit.fine : exit.no
  } catch (error) {
    if (!(error instanceof PolicyFileError)) throw error
    print(json, { ok: false, faults: error.faults }, printFaults(error.faults))
    return exit.failed
  }
}

function attemptOf(options: ExplainOptions) {
  const { user, directory, app, host, ip, protocol, action } = options
  if (app === undefined && host === undefined && ip === undefined) {
    return 'name what is connected to with --app, or with --host or --ip'
  }
  const port = options.port === undefined ? undefined : Number(options.port)
  if (port !== undefined && !Number.isInteger(port)) return `--port \`${options.port}\`: no number`
  const context = valuesOf('--context', options.context)
  if (typeof context === 'string') return context
  const claims = valuesOf('--claim', options.claim)
  if (typeof claims === 'string') return claims
  const said = Object.entries({ host, ip, port, protocol }).filter(([, part]) => part !== undefined)
  return {
    subject: { kind: 'userName', name: user, directory },
    application: app,
    destination: said.length === 0 ? undefined : Object.fromEntries(said),
    action,
    claims: new Map<string, Value>(Object.entries(claims)),
    context: new Map<string, Value>(Object.entries(context)),
    minRevision: undefined,
  } as const
}
