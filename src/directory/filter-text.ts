import type { Filter, Operand, PathText } from './filter.ts'

/** The filter as one would write it. Read again it is the same filter. */
export function filterText(filter: Filter, name: (path: PathText) => string = pathText): string {
  switch (filter.op) {
    case 'and':
      return filter.terms.map((term) => grouped(term, isJoined(term), name)).join(' and ')
    case 'or':
      return filter.terms.map((term) => grouped(term, term.op === 'or', name)).join(' or ')
    case 'not':
      return `not (${filterText(filter.term, name)})`
    case 'present':
      return `${name(filter.path)} pr`
    case 'valuePath':
      return `${name(filter.path)}[${filterText(filter.filter, name)}]`
    default:
      return `${name(filter.path)} ${filter.op} ${operandText(filter.value)}`
  }
}

export function pathText({ urn, attribute, subAttribute }: PathText): string {
  const prefix = urn === undefined ? '' : `${urn}:`
  return `${prefix}${attribute}${subAttribute === undefined ? '' : `.${subAttribute}`}`
}

function isJoined(filter: Filter): boolean {
  return filter.op === 'and' || filter.op === 'or'
}

function grouped(filter: Filter, parentheses: boolean, name: (path: PathText) => string): string {
  const text = filterText(filter, name)
  return parentheses ? `(${text})` : text
}

function operandText(value: Operand): string {
  return JSON.stringify(value)
}
