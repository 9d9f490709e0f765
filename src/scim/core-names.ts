import { sameName } from '../directory/schema-registry.ts'
import { isJsonObject, type JsonObject } from './json-object.ts'
import type { ResourceType } from './resource-type.ts'

/** A name in what a client sent, and its value. */
export type Entry = readonly [name: string, value: unknown]

/**
 * What the names in an object stand for. Core attributes have no prefix in a resource, and an
 * extension stands around its own; clients that treat all schemas alike put the URN of the core
 * schema before or around core attributes too. Taken for unknown names, they would leave active
 * whom they deactivate.
 */
export function entriesIn(object: JsonObject, { urn }: ResourceType): readonly Entry[] {
  return Object.keys(object).flatMap((name): readonly Entry[] => {
    const value = object[name]
    if (sameName(name, urn) && isJsonObject(value)) return Object.entries(value)
    const isPrefixed = name[urn.length] === ':' && sameName(name.slice(0, urn.length), urn)
    return [[isPrefixed ? name.slice(urn.length + 1) : name, value]]
  })
}
