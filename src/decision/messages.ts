import type { Reason } from './decision.ts'

/**
 * What the person at the door is told when no rule says it. It names no cause inside the directory
 * that an outsider could use to find out who exists.
 */
export const personMessage: Readonly<Record<Reason, string>> = {
  POLICY_NOT_LOADED: 'Access is not available at the moment. Try again later.',
  SUBJECT_MISSING: 'Sign in first.',
  DIRECTORY_UNKNOWN: 'Your account is not known here. Ask your help desk.',
  DIRECTORY_NOT_READY: 'Access is not available at the moment. Try again later.',
  DIRECTORY_STALE: 'Access is not available at the moment. Try again later.',
  DIRECTORY_UNAVAILABLE: 'Access is not available at the moment. Try again later.',
  SUBJECT_AMBIGUOUS: 'Your account is not known here. Ask your help desk.',
  USER_UNKNOWN: 'Your account is not known here. Ask your help desk.',
  USER_INACTIVE: 'Your account is not active. Ask your help desk.',
  APPLICATION_UNKNOWN: 'This application is not published here.',
  RULE: 'You may not use this application.',
  NO_RULE: 'You may not use this application.',
  OVERLOADED: 'Access is not available at the moment. Try again later.',
}

/** What an administrator is told: what it means, and what to do about it. */
export const administratorMessage: Readonly<Record<Reason, string>> = {
  POLICY_NOT_LOADED: 'no policy has been published for this tenant; give it one in `policy:`',
  SUBJECT_MISSING: 'the request names nobody',
  DIRECTORY_UNKNOWN:
    'no directory has this id or owns this domain, and none is the default; see `domains:`',
  DIRECTORY_NOT_READY:
    'still being read, or no identity provider ever wrote to it; see `sallyport directory status`',
  DIRECTORY_STALE: 'the store has not confirmed for longer than the lease that memory is current',
  DIRECTORY_UNAVAILABLE: 'the store cannot be read, so nothing is known about the subject',
  SUBJECT_AMBIGUOUS: 'two users have this externalId; ask by userName or id',
  USER_UNKNOWN: 'the directory has no such user',
  USER_INACTIVE: 'the identity provider has deactivated the user',
  APPLICATION_UNKNOWN:
    'no application has this name or destination, or the name and the destination disagree',
  RULE: 'a rule decided',
  NO_RULE: 'no rule matched, and what no rule allows is blocked',
  OVERLOADED: 'the log moves faster than this process can apply it',
}
