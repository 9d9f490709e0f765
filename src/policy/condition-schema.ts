import { z } from 'zod'
import { operandLengthMax, operandValuesMax } from './limits.ts'

const text = z.string().max(operandLengthMax)
const scalar = z.union([text, z.number(), z.boolean()], {
  error: 'expected a string, a number or a boolean',
})
const ordered = z.union([text, z.number()], { error: 'expected a number or a string' })
const values = z.array(scalar).min(1).max(operandValuesMax)
const part = text.min(1)
const networks = z.union([text, z.array(text).min(1).max(operandValuesMax)], {
  error: 'expected a network such as `10.0.0.0/8`, or a list of them',
})
const instant = z.string().max(64)
const period = z.string().max(16)
const count = z.int().min(0).max(1_000_000).optional()
const equal = z.union([scalar, z.strictObject({ attr: text })], {
  error: 'expected a string, a number, a boolean or `{ attr: … }`',
})

/** What one attribute is compared with; several operators are joined by AND. */
export const OperatorsSchema = z
  .strictObject({
    eq: equal.optional().describe('Equal to a value, or to another attribute: `{ attr: … }`.'),
    ne: equal.optional().describe('Exactly the negation of `eq`.'),
    in: values.optional().describe('One of the values given.'),
    notIn: values.optional().describe('Exactly the negation of `in`.'),
    inList: text.optional().describe('One of the named list, or inside one of its networks.'),
    notInList: text.optional().describe('Exactly the negation of `inList`.'),
    contains: part.optional().describe('Has the text in it.'),
    startsWith: part.optional().describe('Begins with the text.'),
    endsWith: part.optional().describe('Ends with the text.'),
    gt: ordered.optional().describe('Greater than.'),
    ge: ordered.optional().describe('Greater or equal.'),
    lt: ordered.optional().describe('Less than.'),
    le: ordered.optional().describe('Less or equal.'),
    between: z
      .tuple([ordered, ordered])
      .optional()
      .describe('From the first to the second, both included.'),
    exists: z.boolean().optional().describe('true: has a value. false: is known to have none.'),
    any: values.optional().describe('Multi-valued: shares a value.'),
    all: values.optional().describe('Multi-valued: holds all values.'),
    none: values.optional().describe('Multi-valued: shares no value.'),
    subsetOf: values.optional().describe('Multi-valued: holds nothing else.'),
    inCidr: networks.optional().describe('IP address: inside the network, or one of them.'),
    notInCidr: networks.optional().describe('IP address: exactly the negation of `inCidr`.'),
    glob: part.optional().describe('Text: `*` stands for any run of characters, `?` for one.'),
    matches: part
      .optional()
      .describe('Text: a regular expression for the whole, run in linear time.'),
    before: instant.optional().describe('Date and time: before an RFC 3339 instant.'),
    after: instant.optional().describe('Date and time: after an RFC 3339 instant.'),
    within: period.optional().describe('Date and time: at most so long ago, such as `90d`.'),
    olderThan: period.optional().describe('Date and time: more than so long ago.'),
    size: z
      .strictObject({ eq: count, gt: count, ge: count, lt: count, le: count })
      .refine((sizes) => Object.keys(sizes).length > 0, 'say what the size is compared with')
      .optional()
      .describe('Multi-valued: how many values there are.'),
    spiffe: z
      .strictObject({
        trustDomain: part.describe('The trust domain, exactly.'),
        path: part.optional().describe('Begins the path, by whole segments.'),
      })
      .optional()
      .describe('SPIFFE ID: of a trust domain, and below a path.'),
    ci: z
      .boolean()
      .optional()
      .describe('Text: whether case does not matter; by default as the schema says.'),
    maxAge: period
      .optional()
      .describe('Directory: unknown if it was not confirmed for longer than that.'),
  })
  .refine(
    (operators) => Object.keys(operators).some((key) => key !== 'ci' && key !== 'maxAge'),
    'an attribute needs an operator, such as `eq`',
  )
  .describe('How the attribute must compare; several operators are joined by AND.')
export type Operators = z.infer<typeof OperatorsSchema>
/** They change how the operators beside them compare, and are none themselves. */
const modifiers = ['ci', 'maxAge'] as const
export type Operator = Exclude<keyof Operators, (typeof modifiers)[number]>
/** All keys an attribute takes. */
export const operatorKeys = Object.keys(OperatorsSchema.shape) as readonly (keyof Operators)[]
export const operatorNames = operatorKeys.filter(
  (key): key is Operator => !(modifiers as readonly string[]).includes(key),
)

const TimeSchema = z
  .strictObject({
    days: z
      .array(z.string().max(16))
      .min(1)
      .max(7)
      .optional()
      .describe('Days or ranges of them: mon, mon-fri; default: every day.'),
    between: z
      .string()
      .max(16)
      .optional()
      .describe('Time of the day, such as "22:00-06:00"; belongs to the day it starts.'),
    tz: z.string().max(64).describe('IANA time zone, such as Europe/Berlin.'),
  })
  .refine(
    ({ days, between }) => days !== undefined || between !== undefined,
    'say `days`, `between` or both',
  )
  .describe('When, by the clock on the wall.')
export type TimePart = z.infer<typeof TimeSchema>

/** A mapping is AND. Its keys are attributes, or one of these four. */
export interface Conditions {
  readonly all?: readonly Conditions[] | undefined
  readonly any?: readonly Conditions[] | undefined
  readonly not?: Conditions | undefined
  readonly time?: TimePart | undefined
  readonly [attribute: string]:
    | Operators
    | readonly Conditions[]
    | Conditions
    | TimePart
    | undefined
}

const NestedSchema = z.object({
  get all() {
    return ConditionsListSchema.optional().describe('All of these must hold.')
  },
  get any() {
    return ConditionsListSchema.optional().describe('One of these must hold.')
  },
  get not() {
    return ConditionsSchema.optional().describe('This must not hold.')
  },
  time: TimeSchema.optional(),
})

export const ConditionsSchema: z.ZodType<Conditions> = NestedSchema.catchall(OperatorsSchema)
  .refine(
    (conditions) => Object.keys(conditions).length > 0,
    'an empty mapping asks nothing: leave it out',
  )
  .describe(
    'Attributes and how they must compare, and `time`, joined by AND; `all`, `any`, `not` nest.',
  ) as never

const ConditionsListSchema = z.array(ConditionsSchema).min(1).max(operandValuesMax)
