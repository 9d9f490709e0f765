import { userId } from '../decide/world.ts'

/** One request to make. With `group`, the body is a group of the users `from` to `to`. */
export interface Sent {
  readonly url: string
  readonly token: string
  readonly method: string
  readonly path: string
  readonly group?: string
  readonly from?: number
  readonly to?: number
}
export interface Answered {
  readonly status: number
  readonly id: string
  /** Of a refusal. */
  readonly text: string
}

process.on('message', async ({ url, token, method, path, group, from = 0, to = 0 }: Sent) => {
  const body = group === undefined ? undefined : JSON.stringify(groupBody(group, from, to))
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  const { id } = text === '' ? { id: '' } : (JSON.parse(text) as { readonly id: string })
  const answer: Answered = { status: response.status, id, text: response.ok ? '' : text }
  process.send?.(answer)
})

/** As Okta pushes it: each member with its name. */
function groupBody(displayName: string, from: number, to: number): object {
  const members = [...Array(to - from).keys()].map((n) => ({
    value: userId(from + n),
    display: `User ${from + n} of the house`,
  }))
  return { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName, members }
}
