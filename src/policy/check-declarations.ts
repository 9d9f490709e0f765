import type { Fault } from '../std/fault.ts'
import { applicationTies } from './application-ties.ts'
import type { CheckedApplication, CheckedList } from './checked-policy.ts'
import { type Endpoints, endpointsOf } from './endpoints.ts'
import { parseNetwork } from './ip.ts'
import type { Declared } from './rule-file.ts'
import { ValueList } from './value-list.ts'
import { countryType } from './value-type.ts'

/** Checks where applications are, and that no two claim the same; all of them by name. */
export function checkApplications(
  all: readonly Declared<CheckedApplication>[],
  faults: Fault[],
): ReadonlyMap<string, CheckedApplication> {
  const endpoints = new Map<string, Endpoints>()
  const declared = new Map<string, Declared<CheckedApplication>>()
  for (const each of all) {
    const { part, file, path } = each
    const found = endpointsOf(part, (below, message) => {
      faults.push(file.document.faultAt([...path, ...below], message))
    })
    endpoints.set(part.name, found)
    declared.set(part.name, each)
  }
  for (const { first, second, what } of applicationTies(endpoints)) {
    const { file, path } = declared.get(second)!
    const message = `\`${first}\` and \`${second}\` claim ${what} with equal precision`
    faults.push({ file: file.document.file, ...file.document.placeOfKey(path), message })
  }
  return new Map(all.map(({ part }) => [part.name, part]))
}

export function checkLists(
  all: readonly Declared<CheckedList>[],
  faults: Fault[],
): ReadonlyMap<string, ValueList> {
  for (const { part, file, path } of all) {
    for (const [at, value] of part.values.entries()) {
      const fault = valueFault(part.type, value)
      if (fault !== undefined) faults.push(file.document.faultAt([...path, 'values', at], fault))
    }
  }
  return new Map(all.map(({ part }) => [part.name, new ValueList(part)]))
}

function valueFault(type: CheckedList['type'], value: string | number): string | undefined {
  if (type === 'country' && countryType.form(value) === undefined) {
    return `expected ${countryType.name}, found ${JSON.stringify(value)}`
  }
  if (type !== 'cidr') return undefined
  const network = parseNetwork(String(value))
  return 'fault' in network ? network.fault : undefined
}
