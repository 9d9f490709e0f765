/** What ids of tenants, directories and connectors look like: they stand in URLs and metrics. */
export const nameRule = 'expected 1 to 63 of a-z, 0-9 and -, starting with a letter'

export function isName(text: string): boolean {
  return /^[a-z][a-z0-9-]{0,62}$/.test(text)
}
