/** JSON with the keys of every object in order; what is undefined is left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  const texts = entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`)
  return `{${texts.join(',')}}`
}
