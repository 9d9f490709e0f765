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
  })
  .refine(
    (operators) => Object.keys(operators).length > 0,
    'an attribute needs an operator, such as `eq`',
  )
  .describe('How the attribute must compare; several operators are joined by AND.')
export type Operators = z.infer<typeof OperatorsSchema>
export type Operator = keyof Operators
export const operatorNames = Object.keys(OperatorsSchema.shape) as readonly Operator[]

/** A mapping is AND. Its keys are attributes, or one of these three. */
export interface Conditions {
  readonly all?: readonly Conditions[] | undefined
  readonly any?: readonly Conditions[] | undefined
  readonly not?: Conditions | undefined
  readonly [attribute: string]: Operators | readonly Conditions[] | Conditions | undefined
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
})

export const ConditionsSchema: z.ZodType<Conditions> = NestedSchema.catchall(OperatorsSchema)
  .refine(
    (conditions) => Object.keys(conditions).length > 0,
    'an empty mapping asks nothing: leave it out',
  )
  .describe(
    'Attributes and how they must compare, joined by AND; `all`, `any` and `not` nest.',
  ) as never

const ConditionsListSchema = z.array(ConditionsSchema).min(1).max(operandValuesMax)
