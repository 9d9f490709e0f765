import { mintConnectorToken } from '../access/connectors.ts'

/** A token for one connector, and the line of the config that lets it in. */
export interface ConnectorToken {
  readonly token: string
  /** What stands under `tokens:` of its row. */
  readonly row: string
}

/** The config keeps a digest and the store nothing: whoever removes the line ends the token. */
export function newConnectorToken(connector: string): ConnectorToken {
  return mintConnectorToken(connector)
}
