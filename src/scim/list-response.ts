export interface ListFacts {
  readonly totalResults: number
  readonly startIndex: number
}

/** RFC 7644 §3.4.2. These five keys and no other: scim2-client stumbles over a `meta` here. */
export function listResponse(
  resources: readonly unknown[],
  facts: ListFacts = { totalResults: resources.length, startIndex: 1 },
): Readonly<Record<string, unknown>> {
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: facts.totalResults,
    itemsPerPage: resources.length,
    startIndex: facts.startIndex,
    // Present even when empty: Okta reads it without looking whether it is there.
    Resources: resources,
  }
}
