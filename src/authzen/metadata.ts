/** Where the standard's endpoints are, below the public URL. */
export const paths = {
  evaluation: '/access/v1/evaluation',
  evaluations: '/access/v1/evaluations',
  subjectSearch: '/access/v1/search/subject',
  resourceSearch: '/access/v1/search/resource',
  actionSearch: '/access/v1/search/action',
} as const

const wellKnown = '/.well-known/authzen-configuration'

/**
 * Where the metadata is asked for. It stands between host and path, so a public URL with a
 * path has it at a second place.
 */
export function metadataPaths(publicUrl: string): readonly string[] {
  const { pathname } = new URL(publicUrl)
  return pathname === '/' ? [wellKnown] : [wellKnown, `${wellKnown}${pathname.replace(/\/+$/, '')}`]
}

/**
 * Metadata of the decision point. Every URL is built from the public one, never from what a
 * request calls us: whoever asks with another `Host` must not send others there.
 */
export function metadataOf(publicUrl: string, obligationTypes: readonly string[]): object {
  return {
    policy_decision_point: publicUrl,
    access_evaluation_endpoint: publicUrl + paths.evaluation,
    access_evaluations_endpoint: publicUrl + paths.evaluations,
    search_subject_endpoint: publicUrl + paths.subjectSearch,
    search_resource_endpoint: publicUrl + paths.resourceSearch,
    search_action_endpoint: publicUrl + paths.actionSearch,
    // AuthZEN obligations draft.
    ...(obligationTypes.length > 0 && { supported_obligations: obligationTypes }),
  }
}
