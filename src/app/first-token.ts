import type { Config } from '../config/config.ts'
import { openOperator } from './operator.ts'

/**
 * A token for the default directory, if no token was ever made there; undefined if one was. For a
 * first start only: nothing else makes a token that nobody asked for.
 */
export async function mintFirstToken(config: Config): Promise<string | undefined> {
  await using operator = await openOperator(config)
  const { directories } = operator.tenancy
  const directory = directories.find(({ isDefault }) => isDefault) ?? directories[0]
  if (directory === undefined) return undefined
  if ((await operator.listTokens(directory.id)).length > 0) return undefined
  const created = await operator.createToken(directory.id, { label: 'first start' })
  return created.kind === 'created' ? created.token : undefined
}
