/**
 * Text that came from outside, for a terminal: what would move the cursor, colour the line or turn
 * the reading direction is shown as its code, so that no name can pass for a line of ours.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0) ?? 0
    return `\\u{${code.toString(16)}}`
  })
}

/** Controls, line and paragraph separators, marks of direction, lone surrogates. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}]/gu
