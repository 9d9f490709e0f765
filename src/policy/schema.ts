import { z } from 'zod'
import { ConditionsSchema } from './condition-schema.ts'
import {
  applicationPartsMax,
  listValuesMax,
  obligationsMax,
  operandLengthMax,
  operandValuesMax,
  textLengthMax,
} from './limits.ts'
import { TestsSchema } from './test-schema.ts'

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'a name is 1 to 63 letters, digits, dots, hyphens or underscores',
  )
const names = z.array(name).min(1).max(operandValuesMax)
const prose = z.string().max(textLengthMax)
const text = z.string().min(1).max(operandLengthMax)

const port = z.union([z.int().min(1).max(65_535), z.string()], {
  error: 'expected a port from 1 to 65535 or a range such as `"8000-8099"`',
})

export const ApplicationSchema = z
  .strictObject({
    hosts: z
      .array(text)
      .min(1)
      .max(applicationPartsMax)
      .optional()
      .describe('Host names; `*.x` stands for one or more labels before `x`, and not for `x`.'),
    cidrs: z
      .array(text)
      .min(1)
      .max(applicationPartsMax)
      .optional()
      .describe('Networks, without host bits.'),
    ports: z
      .array(port)
      .min(1)
      .max(applicationPartsMax)
      .optional()
      .describe('Ports and ranges of them; default: any.'),
    protocols: z
      .array(
        z
          .string()
          .regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected a protocol in lower case, such as `tcp`'),
      )
      .min(1)
      .max(16)
      .optional()
      .describe('Protocols; default: any.'),
    labels: z
      .record(name, z.string().max(operandLengthMax))
      .optional()
      .describe('What rules can choose applications by.'),
    type: name.default('application').describe('What kind of resource this is.'),
    actions: names.default(() => ['connect']).describe('What can be done with it.'),
  })
  .describe('What is connected to. Of all that match, the most specific is meant, never two.')
export type ApplicationPart = z.infer<typeof ApplicationSchema>

const values = <Value extends z.ZodType>(value: Value) =>
  z.array(value).max(listValuesMax).describe('The values.')

export const listTypes = ['string', 'number', 'country', 'cidr'] as const
export type ListType = (typeof listTypes)[number]

export const ListSchema = z
  .discriminatedUnion(
    'type',
    [
      z.strictObject({
        type: z.literal('string'),
        values: values(z.string().max(operandLengthMax)),
      }),
      z.strictObject({ type: z.literal('number'), values: values(z.number()) }),
      z.strictObject({ type: z.literal('country'), values: values(z.string()) }),
      z.strictObject({ type: z.literal('cidr'), values: values(z.string()) }),
    ],
    { error: `a list needs \`type\`: one of ${listTypes.join(', ')}` },
  )
  .describe('Values of one type, for `inList` and `notInList`.')
export type ListPart = z.infer<typeof ListSchema>

const AppsSchema = z.union(
  [
    z.literal('any'),
    z
      .strictObject({
        names: names.optional().describe('These applications.'),
        labels: z
          .record(name, z.string().max(operandLengthMax))
          .optional()
          .describe('And those that carry all of these labels.'),
        except: names.optional().describe('But not these.'),
      })
      .refine(
        ({ names, labels }) => names !== undefined || Object.keys(labels ?? {}).length > 0,
        'name applications in `names` or `labels`, or say `apps: any`',
      ),
  ],
  { error: 'expected `any` or a mapping of `names`, `labels`, `except`' },
)

const UserSchema = z.union(
  [text, z.strictObject({ id: text }), z.strictObject({ externalId: text })],
  { error: 'expected a userName, `{ id: … }` or `{ externalId: … }`' },
)
export type UserPart = z.infer<typeof UserSchema>

const GroupSchema = z.union([text, z.strictObject({ id: text })], {
  error: 'expected the displayName of a group or `{ id: … }`',
})
export type GroupPart = z.infer<typeof GroupSchema>
const groups = z.array(GroupSchema).min(1).max(operandValuesMax)

const WhoSchema = z
  .strictObject({
    users: z
      .array(UserSchema)
      .min(1)
      .max(operandValuesMax)
      .optional()
      .describe('One of these users.'),
    directories: names.optional().describe('The subject is of one of these directories.'),
    groups: z
      .strictObject({
        any: groups.optional().describe('A member of one of these.'),
        all: groups.optional().describe('A member of each of these.'),
        none: groups.optional().describe('A member of none of these.'),
      })
      .refine((parts) => Object.keys(parts).length > 0, 'name groups in `any`, `all` or `none`')
      .optional()
      .describe("Groups of the subject's own directory; membership through nested groups counts."),
    filter: z
      .string()
      .min(1)
      .max(8_192)
      .optional()
      .describe('A SCIM filter (RFC 7644 §3.4.2.2) over the user; `groups` is refused in it.'),
  })
  .refine(
    (who) => Object.keys(who).length > 0,
    'an empty `who` names nobody: leave it out for anyone',
  )
  .describe('Who asks; all parts given must hold.')
export type WhoPart = z.infer<typeof WhoSchema>

/** Checked further in `validity.ts`. */
const instant = z.string().max(64)

export const obligationTypes = ['step-up', 'notification', 'session_termination', 'custom'] as const

const property = z.union(
  [z.string().max(operandLengthMax), z.number(), z.boolean(), z.array(z.string()).max(100)],
  { error: 'expected a string, a number, a boolean or a list of strings' },
)

const ObligationSchema = z
  .strictObject({
    id: name.describe('Unique in the rule; gateways and tests name it.'),
    type: z.enum(obligationTypes).describe('As in the AuthZEN obligations draft.'),
    properties: z
      .record(z.string().min(1).max(64), property)
      .default(() => ({}))
      .describe('What the gateway needs to know: `acr_value` of a step-up.'),
    if: ConditionsSchema.optional().describe('Due only then; unknown counts as due.'),
  })
  .describe('Something the gateway has to do.')
export type ObligationPart = z.infer<typeof ObligationSchema>

export const RuleSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9-]{1,63}$/, 'an id is 1 to 63 lower-case letters, digits or hyphens')
      .describe('Unique and stable: answers, metrics and history use it.'),
    description: prose.optional().describe('For the reader of the file.'),
    enabled: z.boolean().default(true).describe('false: checked, and never evaluated.'),
    effect: z.enum(['allow', 'block']).describe('What a match answers.'),
    apps: AppsSchema.describe('Which applications; `any` must be said.'),
    actions: names
      .optional()
      .describe('Which actions; default: all that the application declares.'),
    who: WhoSchema.optional(),
    when: ConditionsSchema.optional().describe('Must hold.'),
    unless: ConditionsSchema.optional().describe('Must not hold.'),
    onMissing: z
      .enum(['match', 'skip'])
      .optional()
      .describe('What an unknown rule does; default: `match` if it blocks, `skip` if it allows.'),
    mode: z
      .enum(['enforce', 'shadow'])
      .default('enforce')
      .describe('shadow: evaluated at its place and told, and never decides.'),
    validFrom: instant.optional().describe('First day or instant at which the rule is there.'),
    validUntil: instant.optional().describe('Last day or instant at which the rule is there.'),
    obligations: z
      .array(ObligationSchema)
      .min(1)
      .max(obligationsMax)
      .optional()
      .describe('What the gateway has to do where this rule decides, on allow and block alike.'),
    stale: z
      .literal('strict')
      .optional()
      .describe('strict: never decides on stale data, whatever grace the directory allows.'),
    message: prose.default('').describe('For the person blocked.'),
    reason: prose.default('').describe('For administrators.'),
  })
  .describe('One rule; the first that matches decides.')
export type RulePart = z.infer<typeof RuleSchema>

/** A whole rule file. Unknown keys are faults everywhere. */
export const PolicyFileSchema = z.strictObject({
  version: z.literal(1, { error: 'write `version: 1`' }).describe('Version of this format.'),
  tenant: name
    .optional()
    .describe('Whose rules these are; must be the tenant that the file is given to.'),
  applications: z
    .record(name, ApplicationSchema)
    .default(() => ({}))
    .describe('What can be connected to.'),
  lists: z
    .record(name, ListSchema)
    .default(() => ({}))
    .describe('Named values.'),
  rules: z
    .array(RuleSchema)
    .default(() => [])
    .describe('Top down, the first match decides, nothing matched blocks.'),
  tests: TestsSchema.optional().describe('Examples of what the rules answer.'),
})
export type PolicyFile = z.infer<typeof PolicyFileSchema>
