import { join } from 'node:path'
import type { ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

/** Envoy's messages as proto-loader gives and takes them: what is absent is left out. */
export interface EnvoyCheckRequest {
  readonly attributes?: EnvoyAttributes
}
export interface EnvoyAttributes {
  readonly source?: EnvoyPeer
  readonly destination?: EnvoyPeer
  readonly request?: { readonly http?: EnvoyHttp }
  readonly context_extensions?: Readonly<Record<string, string>>
  readonly metadata_context?: { readonly filter_metadata?: Readonly<Record<string, EnvoyStruct>> }
  readonly tls_session?: { readonly sni?: string }
}
export interface EnvoyPeer {
  readonly address?: {
    readonly socket_address?: {
      /** 1 is UDP. */
      readonly protocol?: number
      readonly address?: string
      readonly port_value?: number
    }
  }
  readonly principal?: string
}
export interface EnvoyHttp {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly path?: string
  readonly host?: string
  readonly scheme?: string
  readonly header_map?: {
    readonly headers?: readonly {
      readonly key?: string
      readonly value?: string
      readonly raw_value?: Uint8Array
    }[]
  }
}
/** `google.protobuf.Struct`. */
export interface EnvoyStruct {
  readonly fields?: Readonly<Record<string, EnvoyValue>>
}
export interface EnvoyValue {
  readonly nullValue?: number
  readonly numberValue?: number
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly structValue?: EnvoyStruct
  readonly listValue?: { readonly values?: readonly EnvoyValue[] }
}

export interface EnvoyCheckResponse {
  /** Not optional: left out it reads as OK on the other side, which is allow. */
  readonly status: { readonly code: number; readonly message: string }
  readonly denied_response?: {
    readonly status: { readonly code: number }
    readonly headers: readonly EnvoyHeader[]
    readonly body: string
  }
  readonly ok_response?: { readonly headers: readonly EnvoyHeader[] }
  readonly dynamic_metadata: EnvoyStruct
}
export interface EnvoyHeader {
  readonly header: { readonly key: string; readonly value: string }
  readonly append_action: number
}

export const envoyDefinitions = loadSync('envoy/service/auth/v3/external_auth.proto', {
  includeDirs: [join(import.meta.dirname, '../../proto')],
  // The standard Struct is built into the library, in camel case.
  keepCase: true,
})

/** `google.protobuf.Struct`, which the others refer to; proto-loader brings it along. */
export const structDefinitions = loadSync('google/protobuf/struct.proto')

export const extAuthzServiceName = 'envoy.service.auth.v3.Authorization'
export const extAuthzServiceDefinition = envoyDefinitions[extAuthzServiceName] as ServiceDefinition
