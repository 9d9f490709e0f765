import type { Command } from 'commander'
import type { Verb } from './cli.ts'
import {
  type ConfigOptions,
  configFlag,
  configHelp,
  loadConfig,
  storeFlag,
  storeHelp,
} from './config-option.ts'
import { type ExitCode, exit, print } from './exit.ts'

interface DoctorOptions extends ConfigOptions {
  readonly json?: boolean
}

export function addDoctor(program: Command, verb: Verb): void {
  program
    .command('doctor')
    .description('look at everything that has to be right before you trust this machine')
    .option(configFlag, configHelp)
    .option(storeFlag, storeHelp)
    .option('--json', 'answer as JSON')
    .action(verb(doctor))
}

async function doctor(options: DoctorOptions): Promise<ExitCode> {
  const { examine } = await import('../app/doctor.ts')
  const findings = await examine(loadConfig(options))
  const lines = findings.map(({ about, verdict, text }) => `${mark[verdict]} ${about}: ${text}`)
  print(options.json === true, findings, lines.join('\n'))
  return findings.some(({ verdict }) => verdict === 'bad') ? exit.failed : exit.fine
}

const mark = { fine: 'ok  ', warn: 'warn', bad: 'BAD ' } as const
