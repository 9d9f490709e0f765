/** One thing wrong with what a caller sent, by the name its field has on the wire. */
export interface Violation {
  readonly field: string
  readonly description: string
}

export function checkLength(
  field: string,
  text: string | undefined,
  max: number,
  violations: Violation[],
): void {
  if (text === undefined || text.length <= max) return
  violations.push({ field, description: `is longer than ${max} characters` })
}
