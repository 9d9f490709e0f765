import { z } from 'zod'
import { durationMs } from '../std/duration.ts'

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
