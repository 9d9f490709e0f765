/** `500ms`, `45s`, `30m`, `12h` or `90d` in milliseconds; NaN for what is no duration. */
export function durationMs(text: string): number {
  const parts = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text)
  return parts === null ? Number.NaN : Number(parts[1]) * unitMs[parts[2] as keyof typeof unitMs]
}

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
