export type Values = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** `true`, `false` and numbers are read as such; `a,b` is a list; quotes keep a string. */
export function valuesOf(flag: string, pairs: readonly string[]): Values | string {
  const values: Record<string, string | number | boolean | readonly string[]> = {}
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    if (equals < 1) return `${flag} \`${pair}\`: expected key=value`
    values[pair.slice(0, equals)] = readValue(pair.slice(equals + 1))
  }
  return values
}

function readValue(text: string): string | number | boolean | readonly string[] {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (/^".*"$/.test(text)) return text.slice(1, -1)
  return text.includes(',') ? text.split(',').filter((item) => item !== '') : text
}
