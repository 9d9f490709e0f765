/**
 * Shapes that Microsoft Entra ID sends and RFC 7644 does not know. Every client may send them:
 * there is no switch per vendor.
 */
import { enterpriseUserUrn } from '../../directory/core-schemas.ts'
import { type Collection, type Complex, emptyComplex } from '../../directory/directory.ts'
import type { Filter, PathText } from '../../directory/filter.ts'
import { findAttribute, type SchemaRegistry } from '../../directory/schema-registry.ts'
import { booleanOf } from '../../directory/value-test.ts'
import { merged, ownValue } from '../complex-value.ts'
import { isJsonObject } from '../json-object.ts'

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

/**
 * A PATCH by `AppRoleAssignmentsComplex` has JSON text in place of a role's value,
 * `{value: "{\"id\":\"06b0…\",\"value\":\"Admin\",\"displayName\":\"Administrator\"}"}`, where its
 * POST has `{value: "Admin", display: "Administrator"}` (Microsoft Learn, "Customize attribute
 * mappings"). It is read as that role: as text it would be a second one, and no rule that names
 * `Admin` would know it. The `id` is that of the assignment in Entra and says nothing here.
 *
 * Undefined where the value is anything else, other people's JSON too: that is kept as it came.
 */
export function appRole(role: Complex): Complex | undefined {
  const text = ownValue(role, 'value')
  if (typeof text !== 'string' || text[0] !== '{' || text.length > appRoleTextMax) return undefined
  if (text.split('[', appRoleBracketsMax).length === appRoleBracketsMax) return undefined
  const parsed = parsedObject(text)
  if (parsed === undefined || !Object.keys(parsed).every((name) => appRoleNames.has(name))) {
    return undefined
  }
  const { value, displayName } = parsed
  if (typeof value !== 'string' || value === '' || !value.isWellFormed()) return undefined
  const display = emptyComplex()
  if (typeof displayName === 'string' && displayName !== '' && displayName.isWellFormed()) {
    display.display = displayName
  }
  return merged(display, { ...role, value })
}

/** In Entra a role's value has 250 characters at the most, its displayName 120. */
const appRoleTextMax = 2_048
/** A name may be `[Prod] Admin`. Lists within lists are no role, and take 0.1 ms to read. */
const appRoleBracketsMax = 16
const appRoleNames: ReadonlySet<string> = new Set(['id', 'value', 'displayName'])

function parsedObject(text: string) {
  try {
    const parsed: unknown = JSON.parse(text)
    return isJsonObject(parsed) ? parsed : undefined
  } catch {
    // Text that begins with a brace and is no JSON is a role of that name.
    return undefined
  }
}

/**
 * The extension that a bare name belongs to: none of the core attributes is called so, and the
 * enterprise schema has it, or else one other. Entra leaves the URN of the enterprise schema out of
 * `manager`, in the filter `id eq "…" and manager eq "…"` and in the PATCH that follows.
 */
export function extensionOf(
  name: string,
  registry: SchemaRegistry,
  of: Collection,
): string | undefined {
  if (findAttribute(registry.coreAttributes(of), name)) return undefined
  const [, ...extensions] = registry.schemasOf(of)
  const owners = extensions.filter(({ attributes }) => findAttribute(attributes, name))
  const [owner, another] = owners
  return another === undefined || owner?.urn === enterpriseUserUrn ? owner?.urn : undefined
}

/** A filter with the URN of the extension at each bare name that stands in one. */
export function qualified(filter: Filter, registry: SchemaRegistry, of: Collection): Filter {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { ...filter, terms: filter.terms.map((term) => qualified(term, registry, of)) }
    case 'not':
      return { ...filter, term: qualified(filter.term, registry, of) }
    default:
      return { ...filter, path: qualifiedPath(filter.path, registry, of) }
  }
}

/** A path with the URN of the extension, where it is a bare name that stands in one. */
export function qualifiedPath(path: PathText, registry: SchemaRegistry, of: Collection): PathText {
  const urn = path.urn ?? extensionOf(path.attribute, registry, of)
  return urn === undefined ? path : { ...path, urn }
}
