/**
 * What Okta sends beside RFC 7644: whole objects back by PUT, readOnly attributes included, and
 * `""` for what is unassigned. Every client may do so: there is no switch per vendor.
 */
import type { AttributeValue, Document } from '../../directory/directory.ts'

/**
 * A PUT without `active` keeps what is stored. RFC 7644 §3.5.1 lets a server assign a default, but
 * a default of true would bring a dismissed user back.
 */
export function keepActive(
  replacement: { [name: string]: AttributeValue },
  stored: Document,
  activeGiven: boolean,
): void {
  if (activeGiven || stored.active === undefined) return
  replacement.active = stored.active
}
