/**
 * Below zero where `a` comes before `b`, by code points: "Unicode alphabetic sort order, with no
 * specific locale implied" (RFC 7644 §3.4.2.3), and the order in which UTF-8 sorts as bytes.
 * Comparing strings with `<` would put what lies beyond U+FFFF before U+E000.
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)]
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** A surrogate stands for something above every other unit; among themselves they keep order. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
