import { z } from 'zod'

/** Enough for what one gateway serves by name; more is `all`. */
const namesMax = 10_000
const names = (what: string) =>
  z.union([z.literal('all'), z.array(z.string().min(1).max(256)).max(namesMax)]).describe(what)

/** One gateway or connector: how it proves who it is, and what it may ask. */
export const connector = z.strictObject({
  identity: z
    .string()
    .min(1)
    .max(2048)
    .optional()
    .describe(
      'The one URI SAN of its client certificate, such as spiffe://acme.example/gw/berlin.',
    ),
  tokens: z
    .array(
      z
        .string()
        .regex(/^[0-9a-f]{12}:[0-9a-f]{64}$/, 'expected what `token create --connector` prints'),
    )
    .max(2, 'two tokens are enough to replace one without a gap')
    .default([])
    .describe('Digests of its API tokens, from `token create --connector`.'),
  tenant: z.string().optional().describe('Whose decisions it asks for; default: the only tenant.'),
  applications: names('Applications it may ask about, by name, or all.').default('all'),
  context: names('Keys of `context` that are believed of it, or all; others are dropped.').default(
    () => [],
  ),
  claims: names('Keys of `claims` that are believed of it, or all; others are dropped.').default(
    () => [],
  ),
  obligations: names(
    'Types of obligations it performs, or all; an allow with another one goes out as block.',
  ).default(() => []),
  explain: z.boolean().default(false).describe('Whether it may ask why: `Explain`.'),
  search: z.boolean().default(false).describe('Whether it may search who may do what.'),
  state: z
    .enum(['enabled', 'disabled'])
    .default('enabled')
    .describe('Disabled: refused, its open connections are ended.'),
})
export type ConnectorFile = z.infer<typeof connector>

const source = z.strictObject({
  from: z
    .enum(['principal', 'header', 'jwt'])
    .describe("The peer's certificate as Envoy tells it, a request header, or a verified JWT."),
  header: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'expected a header name in lower case')
    .optional()
    .describe('Of `from: header`: one that the hop before sets and no client can.'),
  claim: z
    .string()
    .min(1)
    .optional()
    .describe('Of `from: jwt`: the claim, dotted below the payload, such as preferred_username.'),
  prefix: z
    .string()
    .min(1)
    .optional()
    .describe('What must stand before the name and is no part of it: spiffe://acme.example/user/.'),
  as: z
    .enum(['userName', 'id', 'externalId'])
    .default('userName')
    .describe('Which name of a user it is.'),
  directory: z.string().optional().describe('The directory it is looked up in.'),
})
export type SubjectSourceFile = z.infer<typeof source>

/** Where Envoy's external authorization finds who asks. */
export const extAuthz = z.strictObject({
  subject: z
    .array(source)
    .min(1)
    .default(() => [{ from: 'jwt' as const, claim: 'sub', as: 'userName' as const }])
    .describe('Where the subject of an Envoy check is found; the first that is there counts.'),
  payload: z
    .string()
    .min(1)
    .default('jwt_payload')
    .describe("Key of the JWT's claims in Envoy's metadata (`payload_in_metadata`)."),
})
