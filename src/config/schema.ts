import { z } from 'zod'
import { connector, extAuthz } from './connector-schema.ts'
import { customSchema } from './custom-schema.ts'
import { duration } from './duration.ts'
import { parseStoreUrl, storeForms } from './store-url.ts'

const onOff = z.enum(['on', 'off'])
const tls = z.strictObject({
  cert: z.string().min(1).describe('Certificate chain, PEM file.'),
  key: z.string().min(1).describe('Private key, PEM file.'),
})
const gatewayTls = tls.extend({
  clientCa: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of the CAs that sign certificates of connectors; asks for one.'),
})
const gatewayTlsOrOff = z
  .union([gatewayTls, z.literal('off')])
  .optional()
  .describe('Certificate, key and clientCa, or off to leave loopback in plain text.')
/** `off` says in so many words that plain text may leave this machine. */
const tlsOrOff = z.union([tls, z.literal('off')])

const address = (standard: string) =>
  z
    .string()
    .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, 'expected HOST:PORT, such as 127.0.0.1:7070')
    .default(standard)
    .describe('HOST:PORT to listen on; port 0 takes a free one.')

const grace = duration(1_000, 600_000).describe(
  'So much longer the rules apply; a cut-off process may allow for as long after a SCIM answer.',
)

const directory = z.strictObject({
  domains: z
    .array(z.string().min(1))
    .default([])
    .describe('Domains of user names that belong to this directory.'),
  default: z
    .boolean()
    .default(false)
    .describe('Whether subjects without a known domain belong here.'),
  scimSync: onOff.default('on').describe('Accept SCIM writes from the identity provider.'),
  scimAttributesForPolicy: onOff
    .default('on')
    .describe('Use users and groups in decisions; off: every condition on them is unknown.'),
  stale: z
    .union([z.literal('strict'), z.strictObject({ grace })])
    .default('strict')
    .describe('What is decided once the store was away for a lease: strict blocks.'),
  seed: z
    .string()
    .min(1)
    .optional()
    .describe('File of users and groups that fills the directory if it never had a write.'),
})

const contextKeyTypes = ['string', 'number', 'boolean', 'ip', 'country', 'dateTime', 'set'] as const
const contextKeyType = z.union(
  [z.enum(contextKeyTypes), z.array(z.string().min(1).max(64)).min(2).max(64)],
  { error: `expected one of ${contextKeyTypes.join(', ')}, or a list of names, least first` },
)
export type ContextKeyType = z.infer<typeof contextKeyType>

const tenant = z.strictObject({
  policy: z.string().min(1).optional().describe('Rule file; without one every decision blocks.'),
  directories: z
    .record(z.string(), directory)
    .refine((all) => Object.keys(all).length > 0, 'a tenant needs at least one directory')
    .describe('By id: the users and groups that one identity provider pushes.'),
  schemas: z
    .array(customSchema)
    .default([])
    .describe('Extension schemas of the tenant; see docs/custom-schemas.md.'),
  contextKeys: z
    .record(
      z
        .string()
        .regex(
          /^[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)*$/,
          'a key is letters, digits and hyphens, with dots between',
        ),
      contextKeyType,
    )
    .default(() => ({}))
    .describe('Further keys that rules read below `context.`, with their types.'),
})

/** The config file. What is not listed here is a fault, so that no typo is ever ignored. */
export const configSchema = z.strictObject({
  store: z
    .string()
    .superRefine((text, context) => {
      const parsed = parseStoreUrl(text)
      if ('fault' in parsed) context.addIssue({ code: 'custom', message: parsed.fault })
    })
    .default('sqlite:./data/sallyport.db')
    .describe(`Where users, groups, policy and tokens are kept: ${storeForms}; rediss for TLS.`),
  listen: z
    .strictObject({
      scim: z
        .strictObject({
          address: address('127.0.0.1:7070'),
          publicUrl: z
            .url({ protocol: /^https?$/ })
            .optional()
            .describe('URL under which identity providers reach this listener.'),
          tls: tlsOrOff.optional().describe('Certificate, or off to leave loopback in plain text.'),
        })
        .prefault({}),
      grpc: z
        .strictObject({
          address: address('127.0.0.1:7071'),
          tls: gatewayTlsOrOff,
          reflection: onOff.default('off').describe('Serve the protos to those who may ask.'),
        })
        .prefault({}),
      authzen: z
        .strictObject({
          address: address('127.0.0.1:7072'),
          publicUrl: z
            .url({ protocol: /^https?$/ })
            .optional()
            .describe('URL under which callers reach this listener; its metadata names it.'),
          tls: gatewayTlsOrOff,
        })
        .prefault({}),
      admin: z
        .strictObject({
          address: address('127.0.0.1:7073'),
          tls: tlsOrOff.optional().describe('Certificate, or off to leave loopback in plain text.'),
        })
        .prefault({}),
    })
    .prefault({}),
  tenants: z
    .record(z.string(), tenant)
    .refine((all) => Object.keys(all).length > 0, 'name at least one tenant')
    .describe('By id: customers, each with directories and one rule set.'),
  connectors: z
    .record(z.string(), connector)
    .default(() => ({}))
    .describe('By id: who may ask for decisions. Read again while running.'),
  extAuthz: extAuthz.prefault({}),
  decision: z
    .strictObject({
      workers: z
        .union([z.literal('auto'), z.int().min(1).max(64)])
        .default(1)
        .describe('Processes that decide, behind one port; auto: one a core.'),
    })
    .prefault({}),
  consistency: z
    .strictObject({
      // SCIM answers within 15 s, and may have to wait for a lease to end.
      lease: duration(500, 10_000)
        .default('5s')
        .describe('Longest time that a process goes on deciding without Redis.'),
      barrier: z
        .enum(['shrinking', 'all'])
        .default('shrinking')
        .describe('SCIM writes that are answered once every process has applied them.'),
      replicas: z
        .int()
        .min(0)
        .max(5)
        .default(0)
        .describe('Redis replicas that must have a write before it is acknowledged.'),
      cacheable: duration(0, 3_600_000)
        .default('0s')
        .describe(
          'Longest use of one answer by a gateway; a revocation reaches it that much later.',
        ),
    })
    .prefault({}),
  cache: z
    .strictObject({
      principals: z
        .int()
        .min(1)
        .max(10_000_000)
        .default(1_000_000)
        .describe('Most users one process holds in memory.'),
      warm: onOff
        .default('on')
        .describe('Read everybody into memory after a start, rather than when first asked for.'),
    })
    .prefault({}),
  limits: z
    .strictObject({
      scimPerDirectory: z
        .strictObject({
          // Entra asks for 25 requests a second at least; below 50 a first cycle takes days.
          rate: z.int().min(50).max(1_000_000).default(1_000).describe('SCIM requests a second.'),
          burst: z.int().min(50).max(1_000_000).default(2_000).describe('SCIM requests at once.'),
        })
        .prefault({}),
    })
    .prefault({}),
  logLevel: z
    .enum(['silent', 'error', 'warn', 'info', 'debug'])
    .default('info')
    .describe('Least severity that is logged, as JSON lines on standard error.'),
})

export type ConfigFile = z.infer<typeof configSchema>
