import type { Operator } from '../app/operator.ts'
import type { Config } from '../config/config.ts'

/** The store's side of the house is loaded only by the verbs that need it. */
export async function openOperator(config: Config): Promise<Operator> {
  return await (await import('../app/operator.ts')).openOperator(config)
}
