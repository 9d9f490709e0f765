import { createHash } from 'node:crypto'
import { canonicalJson } from '../std/canonical-json.ts'
import { PolicyDocumentError } from './errors.ts'
import type { ApplicationPart, ListPart, RulePart } from './schema.ts'

/** A tenant's policy without faults: plain data, from which rules are compiled. */
export interface CheckedPolicy {
  readonly tenant: string
  /** By name. */
  readonly applications: readonly CheckedApplication[]
  /** By name. */
  readonly lists: readonly CheckedList[]
  /** In order, disabled ones included. */
  readonly rules: readonly CheckedRule[]
  /** Top-level keys of a user's document that some enabled rule reads. */
  readonly attributesRead: readonly string[]
}
export type CheckedApplication = ApplicationPart & { readonly name: string }
export type CheckedList = ListPart & { readonly name: string }
export type CheckedRule = RulePart & { readonly file: string; readonly line: number }

/** The stored form. Processes that read it refuse a format they do not know. */
export interface PolicyDocument extends CheckedPolicy {
  readonly format: number
  readonly version: string
}
/**
 * 2: rules end, run in the shadow and oblige, and conditions have further operators. Whoever knows
 * 1 alone would enforce a shadow and pass over an operator, so it must refuse; what needs nothing
 * of that stays in 1, and a house is upgraded one process after the other.
 */
const readableFormats: readonly unknown[] = [1, 2]

/** What the store keeps, and decision processes compile. */
export function policyDocument(policy: CheckedPolicy): string {
  const document: PolicyDocument = {
    format: policy.rules.some(isOfFormatTwo) ? 2 : 1,
    version: policyVersion(policy),
    ...policy,
  }
  return JSON.stringify(document)
}

export function parsePolicyDocument(text: string): PolicyDocument {
  let document: Partial<PolicyDocument> | null
  try {
    document = JSON.parse(text)
  } catch {
    throw new PolicyDocumentError('it is no JSON')
  }
  if (!readableFormats.includes(document?.format)) {
    const found = JSON.stringify(document?.format ?? null)
    throw new PolicyDocumentError(
      `its format is ${found}, this Sallyport reads ${readableFormats.join(' and ')}`,
    )
  }
  const { version, applications, lists, rules, attributesRead } = document!
  const complete =
    typeof version === 'string' && [applications, lists, rules, attributesRead].every(Array.isArray)
  if (!complete) throw new PolicyDocumentError('it is incomplete')
  const whole = document as PolicyDocument
  return { ...whole, rules: whole.rules.map((rule) => ({ ...rule, mode: rule.mode ?? 'enforce' })) }
}

function isOfFormatTwo(rule: CheckedRule): boolean {
  const { mode, validFrom, validUntil, obligations, when, unless } = rule
  if (mode === 'shadow' || (validFrom ?? validUntil ?? obligations) !== undefined) return true
  return hasLaterKey(when) || hasLaterKey(unless)
}

function hasLaterKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, each]) => laterKeys.has(key) || hasLaterKey(each))
}
const laterKeys: ReadonlySet<string> = new Set([
  ...['glob', 'matches', 'before', 'after', 'within', 'olderThan', 'size', 'spiffe'],
  ...['ci', 'maxAge', 'time'],
])

/**
 * SHA-256 over what the rules mean, hex: layout, comments, descriptions, the order of keys and the
 * place of a rule in its file do not change it.
 */
export function policyVersion({ tenant, applications, lists, rules }: CheckedPolicy): string {
  const meaning = {
    tenant,
    applications,
    lists,
    rules: rules.map(({ description: _description, file: _file, line: _line, ...rule }) => {
      const { mode, ...rest } = rule
      // What every rule is, is not said: a version from before there were shadows is the same one.
      return mode === 'enforce' ? rest : rule
    }),
  }
  return createHash('sha256').update(canonicalJson(meaning)).digest('hex')
}
