/**
 * Shapes that Microsoft Entra ID sends and RFC 7644 does not know. Every client may send them:
 * there is no switch per vendor.
 */
import { booleanOf } from '../../directory/value-test.ts'

/** Entra sends booleans as the strings `"True"` and `"False"`. */
export function booleanFrom(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  return typeof value === 'string' ? booleanOf(value) : undefined
}

/** `manager` comes as `[{"$ref": …, "value": …}]`, though it has one value. */
export function onlyValue(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value
}

/** The Validator sends `manager` as the bare id: what a complex value's `value` would be. */
export function isBareValue(value: unknown): value is string {
  return typeof value === 'string'
}

/**
 * `Remove` may repeat the old value beside a path that names one value. It must remove, never set
 * (AzureAD/SCIMReferenceCode#87). On a list without a filter, though, it names the elements to take
 * out: `{op: "Remove", path: "members", value: [{value: "id"}]}` leaves the others.
 */
export function namesElements(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}
