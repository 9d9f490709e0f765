import { z } from 'zod'
import { configSchema } from './schema.ts'

/** One line of the table of settings. */
export interface Setting {
  /** `tenants.<id>.directories.<id>.seed`. */
  readonly path: string
  readonly standard: string
  readonly meaning: string
}

/** Every setting, from the texts of the schema itself: the one home of what a setting means. */
export function settings(): readonly Setting[] {
  return settingsOf(configSchema, '')
}

function settingsOf(schema: z.ZodType, path: string, standard = 'required'): readonly Setting[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    const { defaultValue } = schema.def as { readonly defaultValue: unknown }
    const inner = schema.unwrap() as z.ZodType
    const described = schema.description ?? inner.description
    return settingsOf(describedAs(inner, described), path, JSON.stringify(defaultValue))
  }
  if (schema instanceof z.ZodOptional) {
    const inner = schema.unwrap() as z.ZodType
    return settingsOf(describedAs(inner, schema.description ?? inner.description), path, 'none')
  }
  const own = { path, standard, meaning: schema.description ?? '' }
  if (schema instanceof z.ZodObject) {
    const shape = Object.entries(schema.shape as Record<string, z.ZodType>)
    return shape.flatMap(([key, child]) => settingsOf(child, path === '' ? key : `${path}.${key}`))
  }
  if (schema instanceof z.ZodRecord) {
    const inner = settingsOf(schema.valueType as z.ZodType, `${path}.<id>`)
    return [own, ...inner]
  }
  // A list within a list is told by its own text: its settings are those of the outer one.
  if (schema instanceof z.ZodArray && !path.includes('[]')) {
    const element = schema.element as z.ZodType
    return [own, ...(element instanceof z.ZodObject ? settingsOf(element, `${path}[]`) : [])]
  }
  return [own]
}

function describedAs(schema: z.ZodType, text: string | undefined): z.ZodType {
  return text === undefined ? schema : schema.describe(text)
}

/** For editors: `# yaml-language-server: $schema=…`. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' })
}
