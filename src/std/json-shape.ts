/**
 * Before parsing: 16 million brackets would parse, into a gigabyte, and a million names in one
 * object take more than a second.
 */
export function faultOfShape(
  json: Uint8Array,
  depthMax: number,
  namesPerObjectMax: number,
): 'tooDeep' | 'tooManyNames' | undefined {
  const names: number[] = [0]
  let depth = 0
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at]
    if (byte === quote) {
      at = endOfString(json, at)
    } else if (byte === openBracket || byte === openBrace) {
      depth += 1
      if (depth > depthMax) return 'tooDeep'
      names[depth] = 0
    } else if (byte === closeBracket || byte === closeBrace) {
      depth -= 1
    } else if (byte === colon) {
      names[depth] = (names[depth] ?? 0) + 1
      if (names[depth]! > namesPerObjectMax) return 'tooManyNames'
    }
  }
  return undefined
}

/** Where the quote that closes the string stands. */
function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1
  return at
}

const quote = 0x22
const colon = 0x3a
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
