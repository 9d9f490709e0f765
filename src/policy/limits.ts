/** One rule file, in bytes of UTF-8: 50,000 rules of some 300 bytes fit. Checked before parsing. */
export const policyFileBytesMax = 16 * 1024 * 1024
/** Rules of one tenant, over all its files: what a decision is measured with. */
export const rulesMax = 50_000
export const applicationsMax = 10_000
/** Hosts, networks or ports of one application. */
export const applicationPartsMax = 1_000
export const listsMax = 1_000
/** Values of one list; look-up does not depend on it. */
export const listValuesMax = 100_000
/** Values of one operand, names of one `who`: more belong into a list or a group. */
export const operandValuesMax = 1_000
/** `all`, `any` and `not` within each other. People stop at three. */
export const conditionDepthMax = 8
/** Mappings and lists within each other in a file: deeper is an attack on whoever walks it. */
export const documentDepthMax = 64
/** Faults in rules that are told at once: nobody mends more before looking again. */
export const faultsMax = 1_000
/** Tests of one file. */
export const policyTestsMax = 10_000
/** Obligations of one rule: a gateway performs them one after the other. */
export const obligationsMax = 16
/** Text for people: `description`, `message`, `reason`. */
export const textLengthMax = 500
/** A string to compare with. */
export const operandLengthMax = 1_024
/** RFC 1035 §2.3.4, in text form. */
export const hostLengthMax = 253
/** The value seen, in an explanation. */
export const seenLengthMax = 200
