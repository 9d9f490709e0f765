import { fold } from '../directory/identity.ts'
import { F, T, type Tri, U } from '../directory/three-values.ts'
import { ConditionNode, directoryUnused, readsSubject, shortened } from './condition-node.ts'
import type { Facts, Seen } from './policy.ts'
import type { UserPart } from './schema.ts'
import { triOf } from './value-type.ts'
import type { WhoScope } from './who.ts'

/** `who.directories`. */
export class DirectoriesNode extends ConditionNode {
  readonly #wanted: ReadonlySet<string>

  constructor(directories: readonly string[]) {
    const label = 'who.directories'
    const wanted = `one of [${directories.join(', ')}]`
    super({ path: label, label, wanted, ...readsSubject, readsDirectory: false, cost: 0 })
    this.#wanted = new Set(directories)
  }

  protected override ask({ directory }: Facts): Tri {
    return triOf(this.#wanted.has(directory))
  }

  protected override look({ directory }: Facts): Seen {
    return { value: JSON.stringify(directory), note: '' }
  }
}

/** `who.users`. */
export class UsersNode extends ConditionNode {
  readonly #names = new Set<string>()
  readonly #ids = new Set<string>()
  readonly #externalIds = new Set<string>()

  constructor(users: readonly UserPart[], scope: WhoScope) {
    const label = 'who.users'
    const texts = users.map((user) => (typeof user === 'string' ? user : JSON.stringify(user)))
    const wanted = `one of [${texts.join(', ')}]`
    super({ path: label, label, wanted, ...readsSubject, cost: 2 })
    for (const user of users) {
      if (typeof user === 'string') this.#names.add(scope.folded(user))
      else if ('id' in user) this.#ids.add(user.id)
      else this.#externalIds.add(user.externalId)
    }
    if (this.#names.size > 0) scope.readsKey('userName')
    if (this.#externalIds.size > 0) scope.readsKey('externalId')
  }

  protected override ask({ user }: Facts): Tri {
    if (user === undefined) return U
    const byId = among(this.#ids, user.id, exact)
    if (byId === T) return T
    const byName = among(this.#names, user.userName, fold)
    if (byName === T) return T
    return Math.max(byId, byName, among(this.#externalIds, user.externalId, exact)) as Tri
  }

  protected override look({ user }: Facts): Seen {
    if (user === undefined) return { value: '', note: directoryUnused }
    return { value: shortened(JSON.stringify(user.userName ?? user.id ?? '')), note: '' }
  }
}

function among(wanted: ReadonlySet<string>, value: unknown, form: (text: string) => string): Tri {
  if (wanted.size === 0) return F
  return typeof value === 'string' ? triOf(wanted.has(form(value))) : U
}

function exact(text: string): string {
  return text
}
