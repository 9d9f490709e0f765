import type { DirectoryId } from '../directory/directory.ts'

/**
 * access: who calls, and what it may ask.
 *
 * A caller is named by a credential alone: nothing in a request's URL or body can widen what the
 * credential says. A SCIM token is good for one directory's SCIM and for nothing else; a connector
 * asks for the decisions of one tenant, by its certificate or its token (`connectors`), over
 * connections that `front` accepts and can end.
 *
 * Every answer is a closed union. `unavailable` means that the store could not be asked: the caller
 * may be anyone, so it is neither served nor told that its token is wrong.
 *
 * Not here: how a credential travels (scim-http/, grpc/, authzen/), what is done then (scim/).
 */
export type Authenticated =
  | { readonly kind: 'ok'; readonly caller: ScimCaller }
  /** `why` is for the log. The caller hears the same whatever it is. */
  | { readonly kind: 'refused'; readonly why: Refusal }
  | { readonly kind: 'unavailable'; readonly cause: Error }

/** An identity provider that may write one directory. */
export interface ScimCaller {
  readonly directory: DirectoryId
  readonly tokenId: string
}

export type Refusal =
  | 'no token'
  | 'not a bearer token'
  | 'malformed token'
  | 'unknown token'
  | 'wrong secret'
  | 'revoked token'
  | 'expired token'
  | 'token of another directory'
