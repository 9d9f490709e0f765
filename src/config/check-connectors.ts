import type { AddFault } from '../std/located-yaml.ts'
import { isName, nameRule } from './name-rule.ts'
import type { ConfigFile } from './schema.ts'

/** Every connector proves who it is in a way that no other one has, and belongs to one tenant. */
export function checkConnectors(data: ConfigFile, fault: AddFault): void {
  const tenants = Object.keys(data.tenants)
  const identities = new Map<string, string>()
  const tokens = new Map<string, string>()
  for (const [id, row] of Object.entries(data.connectors)) {
    const path = ['connectors', id]
    if (!isName(id)) fault(path, `connector id \`${id}\`: ${nameRule}`)
    if (row.identity === undefined && row.tokens.length === 0) {
      const mend = 'give it an `identity`, or `tokens` from `sallyport token create --connector`'
      fault(path, `\`${id}\` cannot prove who it is: ${mend}`)
    }
    if (row.identity !== undefined) {
      // A URL is read without the blanks around it, a certificate is compared as it is.
      if (!URL.canParse(row.identity) || /\s/.test(row.identity)) {
        const mend = "name the certificate's URI SAN"
        fault([...path, 'identity'], `\`${row.identity}\` is no URI: ${mend}`)
      }
      if (row.tokens.length === 0 && !asksForCertificates(data)) {
        const mend = 'set the `clientCa` of `listen.grpc.tls` or `listen.authzen.tls`'
        fault([...path, 'identity'], `nobody can prove it, no listener asks for it: ${mend}`)
      }
      const other = identities.get(row.identity)
      if (other !== undefined) fault([...path, 'identity'], `is that of \`${other}\` already`)
      identities.set(row.identity, id)
    }
    for (const [index, token] of row.tokens.entries()) {
      const tokenId = token.slice(0, token.indexOf(':'))
      const other = tokens.get(tokenId)
      if (other !== undefined) {
        fault([...path, 'tokens', index], `token \`${tokenId}\` is one of \`${other}\` already`)
      }
      tokens.set(tokenId, id)
    }
    if (row.tenant === undefined && tenants.length > 1) {
      fault(path, `\`${id}\` needs a \`tenant\`: one of ${tenants.join(', ')}`)
    }
    if (row.tenant !== undefined && !tenants.includes(row.tenant)) {
      const known = tenants.join(', ')
      fault([...path, 'tenant'], `\`${row.tenant}\` is no tenant: one of ${known}`)
    }
  }
  checkSources(data, fault)
}

function asksForCertificates({ listen: { grpc, authzen } }: ConfigFile): boolean {
  return [grpc.tls, authzen.tls].some(
    (tls) => typeof tls === 'object' && tls.clientCa !== undefined,
  )
}

/** What a source of Envoy's subject needs, and the directories that there are. */
function checkSources({ extAuthz, tenants }: ConfigFile, fault: AddFault): void {
  const directories = Object.values(tenants).flatMap((tenant) => Object.keys(tenant.directories))
  for (const [index, { from, header, claim, directory }] of extAuthz.subject.entries()) {
    const path = ['extAuthz', 'subject', index]
    if ((from === 'header') !== (header !== undefined)) {
      fault(path, 'name the `header` of `from: header`, and of nothing else')
    }
    if ((from === 'jwt') !== (claim !== undefined)) {
      fault(path, 'name the `claim` of `from: jwt`, and of nothing else')
    }
    if (directory !== undefined && !directories.includes(directory)) {
      fault([...path, 'directory'], `\`${directory}\` is no directory`)
    }
  }
}
