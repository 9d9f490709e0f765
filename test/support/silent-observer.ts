import type { Observer } from '../../src/observe/observe.ts'

/** An observer that keeps what it was told of internal errors and says nothing. */
export function silentObserver(): Observer & { readonly errors: unknown[] } {
  const errors: unknown[] = []
  const nothing = () => undefined
  return {
    errors,
    decided: nothing,
    wouldHaveDecided: nothing,
    scimRequest: nothing,
    scimAuthFailed: nothing,
    connectionRefused: nothing,
    callRefused: nothing,
    shed: nothing,
    connectorsReplaced: nothing,
    connectorsRefused: ({ faults }) => errors.push(faults),
    certificateReplaced: nothing,
    certificateRefused: ({ error }) => errors.push(error),
    internalError: ({ error }) => errors.push(error),
    policyActivated: nothing,
    policyRefused: nothing,
    policyAccepted: nothing,
    policyLinted: nothing,
    policyGroups: nothing,
    startedAgain: nothing,
    feedFailed: ({ error }) => errors.push(error),
    ingestFailed: ({ error }) => errors.push(error),
    writesLost: nothing,
    storeJudged: nothing,
    workerFailed: ({ error }) => errors.push(error),
    seeded: nothing,
    lifecycle: nothing,
    gauges: nothing,
  }
}
