import { z } from 'zod'
import { operandLengthMax, policyTestsMax, textLengthMax } from './limits.ts'

const text = z.string().min(1).max(operandLengthMax)
const instant = z.string().max(64)
/** Nested mappings are flattened to dotted keys, as the wires do. */
const values = z.record(z.string(), z.unknown())

const GivenSchema = z
  .strictObject({
    user: z
      .union([text, values], { error: 'expected a userName or a mapping of SCIM attributes' })
      .optional()
      .describe('The user inline, `groups` by name; a userName is looked up with `--live`.'),
    directory: text.optional().describe("The user's directory; default: the tenant's."),
    app: text.optional().describe('Application, by name.'),
    host: text.optional().describe('Application, by host name.'),
    ip: text.optional().describe('Application, by address.'),
    port: z.int().min(1).max(65_535).optional().describe('Port of the connection.'),
    protocol: text.optional().describe('tcp, udp, …'),
    action: text.default('connect').describe('What is done with it.'),
    actionProperties: values.optional().describe('What the caller says of the action.'),
    context: values.optional().describe('What the gateway knows.'),
    claims: values.optional().describe('What a token says of the subject.'),
    resource: values.optional().describe('What the caller says of the resource.'),
    now: instant
      .optional()
      .describe('RFC 3339; required where a rule of the application reads the clock.'),
  })
  .describe('The attempt.')

const ExpectSchema = z
  .strictObject({
    effect: z.enum(['allow', 'block']).optional().describe('The answer.'),
    rule: z.string().optional().describe('Id of the rule that decides; empty: none.'),
    reason: text.optional().describe('RULE, NO_RULE, APPLICATION_UNKNOWN, USER_INACTIVE, …'),
    unknown: z.array(text).optional().describe('What could not be known and shaped it.'),
    obligations: z.array(text).optional().describe('Ids of those due.'),
    message: z.string().optional().describe('For the person blocked.'),
  })
  .refine((wanted) => Object.keys(wanted).length > 0, 'a test that expects nothing cannot fail')
  .describe('What the answer has to be; what is not named is not looked at.')

/** One example of what the rules answer. */
export const TestSchema = z
  .strictObject({
    name: z.string().min(1).max(textLengthMax).describe('A sentence that could be false.'),
    given: GivenSchema,
    expect: ExpectSchema,
  })
  .describe('An example of what the rules answer; `sallyport policy test` runs it.')
export type TestPart = z.infer<typeof TestSchema>

export const TestsSchema = z.array(TestSchema).max(policyTestsMax)

/** A file of tests alone, beside the rules: `NAME.tests.yaml`. */
export const TestFileSchema = z.strictObject({
  version: z.literal(1, { error: 'write `version: 1`' }).describe('Version of this format.'),
  tests: TestsSchema.describe('Examples of what the rules answer.'),
})
