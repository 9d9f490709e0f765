/** Where a call stands in a trace: W3C Trace Context §3.2. */
export interface Trace {
  readonly traceId: string
  readonly spanId: string
}

const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}/

/** What cannot be read is no trace: the call goes on without (§3.2.2.5). */
export function traceOf(text: string | undefined): Trace | undefined {
  const [, traceId, spanId] = (text !== undefined && traceparent.exec(text)) || []
  return traceId !== undefined && spanId !== undefined ? { traceId, spanId } : undefined
}
