import { randomUUID } from 'node:crypto'
import express from 'express'
import SCIMMY from 'scimmy'
import SCIMMYRouters from 'scimmy-routers'

/**
 * SCIM by scimmy and scimmy-routers, over Maps: nothing is on disk. Names are found without a scan,
 * as somebody would write it who has more than a handful of users. Prints its address as JSON.
 */
const { BENCH_TOKEN: token } = process.env

/** Resources of one type, by id and by the name that must be unique, letter case aside. */
class Directory {
  #byId = new Map()
  #idOf = new Map()
  #attribute

  constructor(attribute) {
    this.#attribute = attribute
  }

  read({ id, filter }) {
    if (id !== undefined) {
      const known = this.#byId.get(id)
      if (known === undefined) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`)
      return known
    }
    const name = nameIn(filter, this.#attribute)
    if (name === undefined) return filter ? filter.match(this.#all()) : this.#all()
    const found = this.#byId.get(this.#idOf.get(name.toLowerCase()))
    return found === undefined ? [] : [found]
  }

  write({ id }, instance) {
    const before = id === undefined ? undefined : this.read({ id })
    const name = instance[this.#attribute].toLowerCase()
    const owner = this.#idOf.get(name)
    if (owner !== undefined && owner !== id) {
      throw new SCIMMY.Types.Error(409, 'uniqueness', `${this.#attribute} is taken`)
    }
    const lastModified = new Date().toISOString()
    const meta = { created: before?.meta.created ?? lastModified, lastModified }
    // Plain data: what scimmy makes of a body checks each value again when it is read.
    const sent = JSON.parse(JSON.stringify(instance))
    const resource = { ...sent, id: id ?? randomUUID(), meta }
    if (before !== undefined) this.#idOf.delete(before[this.#attribute].toLowerCase())
    this.#idOf.set(name, resource.id)
    this.#byId.set(resource.id, resource)
    return resource
  }

  remove({ id }) {
    this.#idOf.delete(this.read({ id })[this.#attribute].toLowerCase())
    this.#byId.delete(id)
  }

  #all() {
    return [...this.#byId.values()]
  }
}

/** The name in a filter that is nothing but `attribute eq "name"`. */
function nameIn(filter, attribute) {
  const [only, ...others] = filter ?? []
  if (only === undefined || others.length > 0 || Object.keys(only).length !== 1) return undefined
  const [comparator, value] = only[attribute] ?? []
  return comparator === 'eq' && typeof value === 'string' ? value : undefined
}

function serve(resource, attribute) {
  const directory = new Directory(attribute)
  SCIMMY.Resources.declare(resource)
    .ingress((asked, instance) => directory.write(asked, instance))
    .egress((asked) => directory.read(asked))
    .degress((asked) => directory.remove(asked))
}

SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser)
serve(SCIMMY.Resources.User, 'userName')
serve(SCIMMY.Resources.Group, 'displayName')

const app = express()
const handler = (request) => {
  if (request.header('authorization') === `Bearer ${token}`) return 'bench'
  throw new Error('Authorization not detected!')
}
app.use('/scim', new SCIMMYRouters({ type: 'bearer', handler }))
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  process.stdout.write(`${JSON.stringify({ scim: `http://127.0.0.1:${port}/scim` })}\n`)
})
process.once('SIGTERM', () => process.exit(0))
