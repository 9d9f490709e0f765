import type { AddFault } from '../std/located-yaml.ts'
import { isLoopback } from '../std/loopback.ts'
import { splitAddress } from './address.ts'
import type { ConfigFile } from './schema.ts'

const listeners = ['scim', 'grpc', 'authzen', 'admin'] as const

/** Nothing leaves this machine in plain text unless the config says so, and no two share a port. */
export function checkListeners({ listen }: ConfigFile, fault: AddFault): void {
  const taken = new Map<string, string>()
  for (const name of listeners) {
    const { address, tls } = listen[name]
    const { host, port } = splitAddress(address)
    const path = ['listen', name, 'address']
    if (port > 65_535) fault(path, `port ${port} is too large: at most 65535`)
    if (!isLoopback(host) && tls === undefined) {
      const mend = `give it \`tls: { cert, key }\`, or say \`tls: off\` behind a TLS proxy`
      fault(path, `\`${host}\` is not loopback: ${mend}`)
    }
    const other = taken.get(address)
    if (other !== undefined && !address.endsWith(':0')) {
      fault(path, `\`${address}\` is the address of \`${other}\` already`)
    }
    taken.set(address, name)
  }
  const { publicUrl } = listen.authzen
  if (publicUrl !== undefined && /[?#]/.test(publicUrl)) {
    // Endpoints are named by what is put behind it.
    fault(['listen', 'authzen', 'publicUrl'], 'takes no query and no fragment: leave them out')
  }
}
