import { believed, type Caller, isAmong, type Names } from './caller.ts'

/** What of an attempt a caller may be refused, or not be believed in. */
interface Asked {
  readonly application: string | undefined
  readonly claims: ReadonlyMap<string, unknown>
  readonly context: ReadonlyMap<string, unknown>
}

/** What of an answer depends on who asked. */
interface Answered {
  readonly effect: 'allow' | 'block'
  readonly application: string
  readonly message: string
  readonly obligations: readonly { readonly type: string }[]
}

/** The attempt as this caller is believed; undefined: it may not ask about the application. */
export function asBelieved<Attempt extends Asked>(
  caller: Caller,
  attempt: Attempt,
): Attempt | undefined {
  if (attempt.application !== undefined && !isAmong(caller.applications, attempt.application)) {
    return undefined
  }
  const claims = believed(caller.claims, attempt.claims)
  const context = believed(caller.context, attempt.context)
  if (claims === attempt.claims && context === attempt.context) return attempt
  return { ...attempt, claims, context }
}

/**
 * The answer as it goes out to this caller, who performs what its row says unless `performs` says
 * otherwise of this one question; undefined: it is about an application that the caller
 * may not ask about, which only a destination can lead to.
 */
export function asTold<Answer extends Answered>(
  caller: Caller,
  answer: Answer,
  performs: Names = caller.obligations,
): Answer | undefined {
  if (answer.application !== '' && !isAmong(caller.applications, answer.application)) {
    return undefined
  }
  return asPerformed(performs, answer)
}

/** What a caller says of itself narrows what its row says that it performs, and never widens it. */
export function performedBy({ obligations }: Caller, said: Iterable<string>): Names {
  return new Set([...said].filter((type) => isAmong(obligations, type)))
}

/**
 * Who cannot perform an obligation of an allow must not let in (AuthZEN obligations draft), so the
 * answer to it is a block that still names them all: the others are performed.
 */
export function asPerformed<Answer extends Answered>(performs: Names, answer: Answer): Answer {
  if (answer.effect === 'block' || answer.obligations.length === 0) return answer
  const cannot = answer.obligations.find(({ type }) => !isAmong(performs, type))
  if (cannot === undefined) return answer
  const message = `this gateway cannot perform \`${cannot.type}\`, which access asks for`
  return { ...answer, effect: 'block', message }
}
