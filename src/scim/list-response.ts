/** What a list says about itself. */
export interface ListFacts {
  readonly totalResults: number
  /** Of a page by index. */
  readonly startIndex?: number | undefined
  /** Of a page by cursor that is not the last. */
  readonly nextCursor?: string | undefined
}

export function listResponse(
  resources: readonly unknown[],
  facts: ListFacts = { totalResults: resources.length, startIndex: 1 },
): Readonly<Record<string, unknown>> {
  return { ...head(resources.length, facts), Resources: resources }
}

/** A list of resources that are JSON already: a page can be many megabytes. */
export function listText(resources: readonly string[], facts: ListFacts): JsonText {
  const open = JSON.stringify(head(resources.length, facts)).slice(0, -1)
  return new JsonText(`${open},"Resources":[${resources.join(',')}]}`)
}

/**
 * RFC 7644 §3.4.2 and RFC 9865 §2. These keys, `Resources` and no other: scim2-client stumbles over
 * a `meta` here. `Resources` is there even when it is empty: Okta reads it without looking.
 */
function head(itemsPerPage: number, { totalResults, startIndex, nextCursor }: ListFacts) {
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults,
    itemsPerPage,
    ...(startIndex !== undefined && { startIndex }),
    ...(nextCursor !== undefined && { nextCursor }),
  }
}

/** A body that is JSON text already. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
