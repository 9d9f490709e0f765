import { type DestinationStream, pino } from 'pino'

/** Structured lines. Written to standard error, since standard output belongs to answers. */
export type Logger = pino.Logger
export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]

export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // Whoever logs a request's headers by mistake must not leak its token.
    redact: ['authorization', '*.authorization', '*.password', 'password'],
  }
  // Synchronous: a line about a crash must be out before the crash.
  return pino(options, destination ?? pino.destination({ dest: 2, sync: true }))
}
