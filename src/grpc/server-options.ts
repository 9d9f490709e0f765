import type { ServerOptions } from '@grpc/grpc-js'

/** Unlimited by default: 20,000 half-sent calls on one connection took 145 MB. */
const streamsPerConnectionMax = 128
/** 4 MiB by default. Room for 256 attempts of 2 KiB, the largest batch. */
const messageBytesMax = 512 * 1024
/** A peer that vanished without a word is found within time plus timeout. */
const keepaliveMs = 30_000
const keepaliveTimeoutMs = 10_000
/** Unlimited by default: health probes on new connections leaked half a GB in 12 h (grpc#2975). */
const connectionIdleMs = 5 * 60_000
/** Lets load balancers rebalance, and bounds how long a connection outlives its credentials. */
const connectionAgeMs = 10 * 60_000
const connectionAgeGraceMs = 30_000
/**
 * In MB, and without a bound unless it is set. 600 calls of 400 KB on one connection pass under 8,
 * so 32 stops nothing that is meant.
 */
const sessionMemoryMax = 32

/** What grpc-js is told. Its own defaults are close to unlimited. */
export const serverOptions: ServerOptions = {
  'grpc.max_concurrent_streams': streamsPerConnectionMax,
  'grpc.max_receive_message_length': messageBytesMax,
  'grpc.keepalive_time_ms': keepaliveMs,
  'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
  'grpc.max_connection_idle_ms': connectionIdleMs,
  'grpc.max_connection_age_ms': connectionAgeMs,
  'grpc.max_connection_age_grace_ms': connectionAgeGraceMs,
  'grpc-node.max_session_memory': sessionMemoryMax,
  // Book-keeping on every call that nobody reads.
  'grpc.enable_channelz': 0,
}
