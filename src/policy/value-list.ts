import { type Network, parseNetwork } from './ip.ts'
import { NetworkSet } from './network-set.ts'
import type { ListPart, ListType } from './schema.ts'
import type { Form, ValueType } from './value-type.ts'

/** A named list, with its values in whatever form somebody compares them. */
export class ValueList {
  readonly type: ListType
  readonly #values: readonly (string | number)[]
  readonly #forms = new Map<ValueType['form'], ReadonlySet<Form>>()
  #networks: NetworkSet | undefined

  constructor({ type, values }: ListPart) {
    this.type = type
    this.#values = values
  }

  /** Made once for all conditions that compare alike. */
  forms(form: ValueType['form']): ReadonlySet<Form> {
    let forms = this.#forms.get(form)
    if (forms === undefined) {
      forms = new Set(this.#values.flatMap((value) => form(value) ?? []))
      this.#forms.set(form, forms)
    }
    return forms
  }

  networks(): NetworkSet {
    this.#networks ??= new NetworkSet(
      this.#values.map((value) => parseNetwork(String(value))).filter(isNetwork),
    )
    return this.#networks
  }
}

function isNetwork(found: ReturnType<typeof parseNetwork>): found is Network {
  return 'prefix' in found
}
