import { z } from 'zod'
import type { Path } from './located-yaml.ts'

/** The keys that a schema allows at a path: what an unknown key there could have been meant as. */
export function knownKeysAt(schema: z.ZodType, path: Path): readonly string[] {
  let at: readonly z.ZodType[] = [schema]
  for (const part of path) at = at.flatMap((each) => children(each, part))
  return [...new Set(at.flatMap(keysOf))]
}

function children(schema: z.ZodType, part: PropertyKey): readonly z.ZodType[] {
  return alternatives(schema).flatMap((each) => {
    if (each instanceof z.ZodObject) {
      const child = (each.shape as Record<string, z.ZodType>)[String(part)]
      return child === undefined ? [] : [child]
    }
    if (each instanceof z.ZodArray) return [each.element as z.ZodType]
    if (each instanceof z.ZodRecord) return [each.valueType as z.ZodType]
    return []
  })
}

function keysOf(schema: z.ZodType): readonly string[] {
  return alternatives(schema).flatMap((each) =>
    each instanceof z.ZodObject ? Object.keys(each.shape) : [],
  )
}

/** What remains of a schema without its wrappers, and each branch of a union. */
function alternatives(schema: z.ZodType): readonly z.ZodType[] {
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).flatMap(alternatives)
  if (schema instanceof z.ZodPipe) return alternatives(schema.in as z.ZodType)
  if (schema instanceof z.ZodLazy) return alternatives(schema.unwrap() as z.ZodType)
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return alternatives(schema.unwrap() as z.ZodType)
  }
  return [schema]
}
