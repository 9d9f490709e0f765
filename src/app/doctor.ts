import { statfs } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import type { Config } from '../config/config.ts'
import { isLoopback } from '../std/loopback.ts'
import { serverWeaknesses } from '../store/redis-store/server-settings.ts'
import { checkPolicies } from './check-policies.ts'
import { redisSettingsOf } from './house.ts'
import { openOperator } from './operator.ts'

/** One thing looked at. `warn` weakens the door or soon will; `bad` keeps it from working. */
export interface Finding {
  readonly about: string
  readonly verdict: 'fine' | 'warn' | 'bad'
  readonly text: string
}

/** Looks at everything that has to be right before an operator trusts this machine. */
export async function examine(config: Config): Promise<readonly Finding[]> {
  const groups = await Promise.all([
    [runtime()],
    storeFindings(config),
    policies(config),
    disk(config),
    listeners(config),
  ])
  return [...groups.flat(), ...settings(config)]
}

function runtime(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const right = major > 26 || (major === 26 && minor >= 10)
  const text = `Node ${process.version}${right ? '' : ': 26.10 or newer is needed'}`
  return { about: 'runtime', verdict: right ? 'fine' : 'bad', text }
}

async function storeFindings(config: Config): Promise<readonly Finding[]> {
  const { store } = config
  const about = `store ${store.kind === 'sqlite' ? `sqlite:${store.path}` : store.display}`
  try {
    await using operator = await openOperator(config)
    const findings: Finding[] = [{ about, verdict: 'fine', text: openText[store.kind] }]
    for (const text of await weaknesses(config)) findings.push({ about, verdict: 'warn', text })
    for (const { id } of operator.tenancy.directories) {
      const { notes, users, groups, lastWrite } = await operator.directoryStatus(id)
      const seen = `${users} users, ${groups} groups, last write ${lastWrite ?? 'never'}`
      findings.push({ about: `directory ${id}`, verdict: 'fine', text: seen })
      for (const text of notes) findings.push({ about: `directory ${id}`, verdict: 'warn', text })
    }
    return findings
  } catch (error) {
    return [{ about, verdict: 'bad', text: message(error) }]
  }
}

const openText = {
  sqlite: 'opens, WAL, synchronous FULL',
  redis: 'answers, noeviction, holds our log',
} as const

async function weaknesses(config: Config): Promise<readonly string[]> {
  const { store } = config
  return store.kind === 'redis' ? await serverWeaknesses(redisSettingsOf(config, store)) : []
}

async function policies(config: Config): Promise<readonly Finding[]> {
  const without = config.tenants.filter(({ policy }) => policy === undefined)
  const warnings = without.map(({ id }): Finding => {
    const text = 'no rule file: every decision blocks with POLICY_NOT_LOADED'
    return { about: `policy of ${id}`, verdict: 'warn', text }
  })
  try {
    const checked = await checkPolicies(config)
    const found = checked.flatMap(({ tenant, policy, findings }): readonly Finding[] => {
      const about = `policy of ${tenant}`
      const rules: Finding = { about, verdict: 'fine', text: `${policy.rules.length} rules` }
      const doubts = findings.flatMap(({ severity, message: text }): readonly Finding[] => {
        return severity === 'info' ? [] : [{ about, verdict: verdictOf[severity], text }]
      })
      return [rules, ...doubts]
    })
    return [...found, ...warnings]
  } catch (error) {
    return [{ about: 'policy', verdict: 'bad', text: message(error) }, ...warnings]
  }
}

const verdictOf = { error: 'bad', warn: 'warn' } as const

async function disk(config: Config): Promise<readonly Finding[]> {
  if (config.store.kind !== 'sqlite') return []
  const folder = dirname(config.store.path)
  try {
    const { bavail, bsize } = await statfs(folder)
    const free = bavail * bsize
    const text = `${Math.floor(free / 2 ** 20)} MiB free at ${folder}`
    return [{ about: 'disk', verdict: free < freeBytesMin ? 'warn' : 'fine', text }]
  } catch (error) {
    return [{ about: 'disk', verdict: 'warn', text: message(error) }]
  }
}

/** Below this a first provisioning cycle of a large directory may not fit. */
const freeBytesMin = 1024 ** 3

async function listeners({ listen }: Config): Promise<readonly Finding[]> {
  const all = Object.entries(listen)
  return await Promise.all(
    all.map(async ([name, { host, port }]): Promise<Finding> => {
      const answers = port !== 0 && (await accepts(host, port))
      const text = answers ? 'something listens there' : 'nothing listens there now'
      return { about: `listen ${name} ${host}:${port}`, verdict: 'fine', text }
    }),
  )
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectMs })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
  })
}

const connectMs = 500

function settings(config: Config): readonly Finding[] {
  const findings: Finding[] = []
  const { scim } = config.listen
  if (scim.tls === undefined && !(scim.publicUrl?.startsWith('https:') ?? false)) {
    const text =
      'no TLS and no https publicUrl: Entra ID and Okta reach neither plain text nor loopback'
    findings.push({ about: 'settings', verdict: 'warn', text })
  }
  findings.push(...callerSettings(config))
  for (const { id, graceMs } of config.tenants.flatMap(({ directories }) => directories)) {
    if (graceMs === 0) continue
    const text = `a process that is cut off from Redis may allow for ${graceMs / 1000} s more`
    findings.push({ about: `grace of ${id}`, verdict: 'warn', text })
  }
  const text =
    'doors fail closed: keep one way to this machine and to the identity provider that does not ' +
    'pass through Sallyport'
  findings.push({ about: 'break-glass', verdict: 'fine', text })
  return findings
}

/** Who may ask for decisions, where that is weaker than it could be. */
function callerSettings({ listen, connectors }: Config): readonly Finding[] {
  const findings: Finding[] = []
  const weak = (about: string, text: string) => findings.push({ about, verdict: 'warn', text })
  for (const name of ['grpc', 'authzen'] as const) {
    const { host, tls } = listen[name]
    if (isLoopback(host)) continue
    if (tls === undefined) weak(`listen ${name}`, 'tokens and decisions travel in plain text')
    if (connectors.length === 0) weak(`listen ${name}`, 'no connectors: nobody there may ask')
  }
  if (!isLoopback(listen.authzen.host) && listen.authzen.publicUrl === undefined) {
    weak(
      'listen authzen',
      'no publicUrl: its metadata names the address, as callers may not know it',
    )
  }
  for (const { id, enabled } of connectors) {
    if (!enabled) findings.push({ about: `connector ${id}`, verdict: 'fine', text: 'disabled' })
  }
  return findings
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
