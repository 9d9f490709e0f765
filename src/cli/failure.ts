/**
 * What went wrong, in the words of the error where it has a code of ours, since those are written
 * for whoever reads them; otherwise with its stack, since it is a bug.
 */
export function explainFailure(error: unknown): string {
  if (!(error instanceof Error)) return `sallyport: ${String(error)}`
  const ours = 'code' in error && typeof error.code === 'string' && /^[A-Z_]+$/.test(error.code)
  if (!ours) return `sallyport: internal error\n${error.stack ?? error.message}`
  const lines = error.message.split('\n')
  return lines.length === 1 ? `sallyport: ${error.message}` : ['sallyport:', ...lines].join('\n')
}
