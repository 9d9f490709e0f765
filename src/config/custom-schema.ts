import { z } from 'zod'

/** Of RFC 7643 §2.3. */
const simpleTypes = [
  'string',
  'boolean',
  'decimal',
  'integer',
  'dateTime',
  'reference',
  'binary',
] as const

/** Message for a word of RFC 7643 that we cannot keep; others get zod's list of what there is. */
const refusing = (words: Readonly<Record<string, string>>) => ({
  error: ({ input }: { readonly input?: unknown }) =>
    typeof input === 'string' && Object.hasOwn(words, input) ? words[input] : undefined,
})

const name = z.string().min(1).describe('Name of the attribute, as paths write it.')
const facts = {
  multiValued: z.boolean().default(false).describe('Whether it holds a list of values.'),
  description: z.string().min(1).optional().describe('For people who map attributes.'),
  required: z
    .boolean()
    .default(false)
    .describe('Whether the extension, where it is present, must have it.'),
  caseExact: z
    .boolean()
    .optional()
    .describe('Whether letter case counts; left out: false, but true for reference and binary.'),
  canonicalValues: z
    .array(z.string().min(1))
    .default([])
    .describe('Suggested values; others are taken too.'),
  mutability: z
    .enum(
      ['readWrite', 'immutable'],
      refusing({
        readOnly: 'nobody could ever write it: say readWrite, or immutable',
        writeOnly: 'say readWrite, and `returned: never` to keep it from being shown',
      }),
    )
    .default('readWrite')
    .describe('readWrite, or immutable: once set it stays.'),
  returned: z
    .enum(['always', 'never', 'default', 'request'])
    .default('default')
    .describe('When answers show it; never: rules alone read it.'),
  uniqueness: z
    .literal(
      'none',
      refusing({
        server: 'the values of custom attributes are not kept unique: say none',
        global: 'the values of custom attributes are not kept unique: say none',
      }),
    )
    .default('none')
    .describe('none: two users may share a value.'),
  referenceTypes: z
    .array(z.enum(['User', 'Group', 'external', 'uri']))
    .default([])
    .describe('What a reference refers to.'),
}

const subAttribute = z.strictObject({
  name,
  type: z
    .enum(
      simpleTypes,
      refusing({ complex: 'a complex attribute holds no complex ones (RFC 7643 §2.3.8)' }),
    )
    .default('string')
    .describe('As of an attribute, but not complex.'),
  ...facts,
  subAttributes: z
    .array(z.unknown())
    .max(0, 'sub-attributes have no sub-attributes of their own (RFC 7643 §2.3.8)')
    .default([])
    .describe('Empty.'),
})

const attribute = z.strictObject({
  name,
  type: z
    .enum([...simpleTypes, 'complex'])
    .default('string')
    .describe('string, boolean, decimal, integer, dateTime, reference, binary or complex.'),
  ...facts,
  subAttributes: z
    .array(subAttribute)
    .default([])
    .describe('Of a complex attribute: the same settings again, one level deep.'),
})

/** A schema in the words of RFC 7643 §7, so that one that a vendor publishes can be pasted. */
export const customSchema = z.strictObject({
  id: z.string().min(1).describe('URN of the schema.'),
  name: z.string().min(1).describe('Name of the schema, for people.'),
  description: z.string().min(1).optional().describe('What the schema is for.'),
  alias: z
    .string()
    .min(1)
    .optional()
    .describe('What rules write for the URN, as in user.badge.clearance.'),
  resourceType: z
    .enum(['User', 'Group'])
    .default('User')
    .describe('Whose resources the schema extends.'),
  attributes: z.array(attribute).describe('The attributes, in the words of RFC 7643 section 7.'),
})

/** Plain data: it is handed to threads as it is. */
export type CustomSchema = z.infer<typeof customSchema>
