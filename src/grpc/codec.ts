import type { ServiceDefinition } from '@grpc/grpc-js'
import { generalServiceDefinition } from './messages.ts'
import { readCheckBatchRequest, readCheckRequest } from './read-request.ts'
import { writeCheckBatchResponse, writeCheckResponse } from './write-response.ts'

/**
 * DecisionService with a codec of its own where it is worth it: reading and writing messages is
 * most of what a decision in a batch costs. Test and reader alike hold it to the general codec.
 */
const { Check, CheckBatch, CheckStream, Explain, ...others } = generalServiceDefinition
export const decisionServiceDefinition = {
  ...others,
  Check: {
    ...Check!,
    requestDeserialize: readCheckRequest,
    responseSerialize: writeCheckResponse,
  },
  CheckBatch: {
    ...CheckBatch!,
    requestDeserialize: readCheckBatchRequest,
    responseSerialize: writeCheckBatchResponse,
  },
  CheckStream: {
    ...CheckStream!,
    requestDeserialize: readCheckBatchRequest,
    responseSerialize: writeCheckBatchResponse,
  },
  Explain: { ...Explain!, requestDeserialize: readCheckRequest },
} satisfies ServiceDefinition
