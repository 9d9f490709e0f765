import { timingSafeEqual } from 'node:crypto'
import type { TenantId } from '../directory/directory.ts'
import { type Caller, localCaller, type Names } from './caller.ts'
import type { Identity } from './peer-identity.ts'
import { bearerOf, digestOf, digestOfNobody, newTokenText, parseTokenText } from './token-text.ts'

/** One row of the config: how a connector proves who it is, and what it may ask. */
export interface ConnectorRow extends Caller {
  /** The URI SAN of its certificate. */
  readonly identity: string | undefined
  /** `<id>:<SHA-256 of the secret>`; two, so that one is replaced without a gap. */
  readonly tokens: readonly string[]
  readonly enabled: boolean
}

export type Admitted =
  | { readonly kind: 'ok'; readonly caller: Caller }
  /** Nobody that is known: the caller learns what it lacks. */
  | { readonly kind: 'unknown'; readonly why: string }
  /** Known, and switched off. */
  | { readonly kind: 'disabled'; readonly connector: string }

/**
 * The gateways and connectors that may ask. Rows can be replaced while connections are open, and
 * `generation` tells when they were: a right that was taken away must not live on in what somebody
 * remembers.
 */
export class Connectors {
  readonly #onlyTenant: TenantId | undefined
  #byIdentity: ReadonlyMap<string, ConnectorRow> = new Map()
  #byToken: ReadonlyMap<string, TokenRow> = new Map()
  #enabled: ReadonlySet<string> = new Set()
  #generation = 0

  constructor(rows: readonly ConnectorRow[], tenants: readonly TenantId[]) {
    // Without credentials a caller can only belong to the only tenant there is.
    this.#onlyTenant = tenants.length === 1 ? tenants[0] : undefined
    this.replace(rows)
  }

  /** Changes with every replacement. */
  get generation(): number {
    return this.#generation
  }

  replace(rows: readonly ConnectorRow[]): void {
    const named = rows.flatMap((row) => (row.identity === undefined ? [] : [[row.identity, row]]))
    this.#byIdentity = new Map(named as [string, ConnectorRow][])
    this.#byToken = new Map(
      rows.flatMap((row) =>
        row.tokens.map((token): [string, TokenRow] => {
          const [id = '', digest = ''] = token.split(':')
          return [id, { digest, row }]
        }),
      ),
    )
    this.#enabled = new Set(rows.filter(({ enabled }) => enabled).map((row) => row.connector))
    this.#generation++
  }

  isEnabled(connector: string): boolean {
    return this.#enabled.has(connector)
  }

  /** Judges a call: by its token if it has one, else by its connection. Two names are refused. */
  admit(identity: Identity, authorization: string | undefined): Admitted {
    if (authorization === undefined) return this.#byConnection(identity)
    const admitted = this.#byBearer(authorization)
    if (identity.kind !== 'certificate' || admitted.kind !== 'ok') return admitted
    const { connector } = admitted.caller
    // Either of the two alone would be believed, so a token must not widen what a certificate says.
    return this.#byIdentity.get(identity.uri)?.connector === connector
      ? admitted
      : unknown('certificate and token name different connectors')
  }

  #byConnection(identity: Identity): Admitted {
    switch (identity.kind) {
      case 'local':
        return this.#onlyTenant === undefined
          ? unknown('there are several tenants: a caller without credentials belongs to none')
          : { kind: 'ok', caller: localCaller(this.#onlyTenant) }
      case 'certificate': {
        const row = this.#byIdentity.get(identity.uri)
        return row === undefined
          ? unknown('no connector has the identity of this certificate')
          : admitRow(row)
      }
      case 'nameless':
        return unknown(`${identity.why}, and the call has no token`)
    }
  }

  #byBearer(authorization: string): Admitted {
    const text = bearerOf(authorization)
    const parts = text === undefined ? undefined : parseTokenText(text)
    if (parts === undefined) return unknown('the `authorization` is no bearer token of ours')
    const found = this.#byToken.get(parts.id)
    const digest = Buffer.from(digestOf(parts.secret), 'hex')
    const wanted = Buffer.from(found?.digest ?? digestOfNobody, 'hex')
    const isSame = wanted.length === digest.length && timingSafeEqual(digest, wanted)
    return found !== undefined && isSame
      ? admitRow(found.row)
      : unknown('no connector has this token')
  }
}

/** A token for a connector, and what the config keeps of it. */
export function mintConnectorToken(connector: string): {
  readonly token: string
  readonly row: string
} {
  const { id, secret, text } = newTokenText(connector)
  return { token: text, row: `${id}:${digestOf(secret)}` }
}

interface TokenRow {
  readonly digest: string
  readonly row: ConnectorRow
}

function admitRow(row: ConnectorRow): Admitted {
  return row.enabled ? { kind: 'ok', caller: row } : { kind: 'disabled', connector: row.connector }
}

function unknown(why: string): Admitted {
  return { kind: 'unknown', why }
}

/** A list of the config, or `all`. */
export function namesOf(names: 'all' | readonly string[]): Names {
  return names === 'all' ? 'all' : new Set(names)
}
