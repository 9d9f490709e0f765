import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { tenancyOf } from '../src/app/house.ts'
import { readHouseConfig } from '../src/app/house-config.ts'
import { PolicyWorkshop } from '../src/app/policy-workshop.ts'
import { Registries } from '../src/app/registries.ts'
import { evaluate } from '../src/decision/evaluate.ts'
import type { TenantId } from '../src/directory/directory.ts'
import { systemClock } from '../src/std/clock.ts'
import { parseLocatedYaml } from '../src/std/located-yaml.ts'
import { Report } from './support/report.ts'
import { attemptOf, seeded, workload } from './support/rule-workload.ts'

/** How long does a large policy take to read, and how long does a decision wait meanwhile? */
const sizes = [10_000, 50_000] as const
const tenant = 'acme' as TenantId
/** Of an event loop that does nothing else: the timer's own. */
const resolutionMs = 1

const report = new Report()
report.header(
  'how long does a large policy take to read and compile, and does a decision wait for it?',
  'a file of JSON, read, checked and linted on a thread; then compiled and swapped in pieces',
)
const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
try {
  const file = join(folder, 'sallyport.yaml')
  const directories = { entra: { domains: ['acme.example'], default: true } }
  writeFileSync(file, JSON.stringify({ tenants: { acme: { directories } } }))
  const config = readHouseConfig(file)
  const tenancy = tenancyOf(config)
  const registries = new Registries(tenancy)
  const workshop = new PolicyWorkshop({ config, tenancy, registries, clock: systemClock })
  for (const size of sizes) {
    const random = seeded(size)
    const policy = workload(size, random)
    const path = join(folder, `${size}.json`)
    const text = JSON.stringify(policy.file)
    writeFileSync(path, text)
    const parsing = performance.now()
    parseLocatedYaml(text, path)
    const parsedMs = performance.now() - parsing
    const delay = monitorEventLoopDelay({ resolution: resolutionMs })
    delay.enable()
    const started = performance.now()
    const prepared = await workshop.prepare(path, tenant)
    const preparedMs = performance.now() - started
    const rules = await workshop.compile(prepared.document, tenant)
    const compiledMs = performance.now() - started - preparedMs
    // The first decisions by the new rules.
    for (let count = 0; count < 1_000; count++) {
      const { application, facts } = attemptOf(policy.file.rules, random)
      evaluate(rules, rules.applications.get(application)!, 'connect', facts)
      if (count % 10 === 0) await new Promise(setImmediate)
    }
    delay.disable()
    const stallMs = delay.max / 1e6 - resolutionMs
    const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`
    report.figure(
      `swap.rules_${size}`,
      `prepared in ${seconds(preparedMs)} (parsing alone ${seconds(parsedMs)}), compiled in ${seconds(compiledMs)}, longest stall ${stallMs.toFixed(1)} ms`,
    )
    report.ratio(`swap.stall_${size}`, 10 / stallMs, 1, 'of 10 ms')
    if (size === 10_000) {
      const afterMs = preparedMs - parsedMs + compiledMs
      report.ratio('swap.after_parsing_10k', 1_000 / afterMs, 1, 'of a second after parsing')
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
