import { z } from 'zod'

/** `500ms`, `5s` or `10m`, between two bounds in milliseconds, both included. */
export function duration(minMs: number, maxMs: number) {
  return z.string().superRefine((text, context) => {
    const ms = durationMs(text)
    if (ms >= minMs && ms <= maxMs) return
    const bounds = `${minMs / 1000}s to ${maxMs / 1000}s`
    const message = `expected a duration such as 500ms, 5s or 2m, from ${bounds}`
    context.addIssue({ code: 'custom', message })
  })
}

/** NaN for what is no duration. */
export function durationMs(text: string): number {
  const parts = /^(\d{1,9})(ms|s|m)$/.exec(text)
  return parts === null ? Number.NaN : Number(parts[1]) * unitMs[parts[2] as 'ms' | 's' | 'm']
}

const unitMs = { ms: 1, s: 1_000, m: 60_000 } as const
