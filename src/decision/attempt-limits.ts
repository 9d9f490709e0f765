/** What one attempt may hold, on every wire. */

/** Longer than any name a rule file or config can hold. */
export const nameLengthMax = 256
/** SCIM sets no bound; a distinguished name as userName stays below. */
export const subjectLengthMax = 1024
/** Tokens of ours have some 40 characters. */
export const revisionLengthMax = 256
/** More than any identity provider's token or device agent sends. */
export const keysMax = 64
/** A dotted path of a few segments. */
export const keyLengthMax = 256
/** A list of groups in a token; more belongs into the directory. */
export const listMax = 256
/** The longest user agent or distinguished name with room to spare. */
export const valueLengthMax = 4096
/** Attempts in one message: a bad one costs others no more than this. */
export const batchMax = 256
export const defaultAction = 'connect'
