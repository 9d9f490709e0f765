/** What a process can be: several processes share one store and split these. */
export const roles = ['ingest', 'decision', 'admin'] as const
export type Role = (typeof roles)[number]
