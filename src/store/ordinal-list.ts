import type { Ordinal } from '../directory/directory.ts'

/**
 * Ordinals as bytes: sorted, each as the distance to the one before, seven bits a byte. 100,000
 * neighbours take 100 KB, as JSON they would take 700.
 */
export function encodeOrdinals(ordinals: readonly Ordinal[]): Uint8Array | null {
  if (ordinals.length === 0) return null
  const bytes: number[] = []
  let previous = 0
  for (const ordinal of ordinals.toSorted((a, b) => a - b)) {
    let rest = ordinal - previous
    previous = ordinal
    // Division, since shifts would cut at 32 bits.
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
    bytes.push(rest)
  }
  return Uint8Array.from(bytes)
}

export function decodeOrdinals(bytes: Uint8Array | null): readonly Ordinal[] {
  const ordinals: Ordinal[] = []
  let [previous, distance, scale] = [0, 0, 1]
  for (const byte of bytes ?? []) {
    distance += (byte & 0x7f) * scale
    scale *= 0x80
    if (byte & 0x80) continue
    previous += distance
    ordinals.push(previous)
    distance = 0
    scale = 1
  }
  return ordinals
}
