import { expect, test } from 'vitest'
import { applicationOf } from '../../src/decision/application.ts'
import { Catalogue } from '../../src/decision/catalogue.ts'
import { compiled } from '../support/policies.ts'
import { acme } from '../support/store-fixture.ts'

const rules = compiled(`
version: 1
applications:
  wiki: { hosts: [wiki.acme.example] }
  crm: { hosts: [crm.acme.example], actions: [connect, admin] }
  record-2: { type: record, actions: [write, read] }
  record-1: { type: record, actions: [read] }
rules:
  - { id: all, effect: allow, apps: any, who: { directories: [entra] } }
`)
const named = (application: string, applicationType?: string) => ({
  application,
  destination: undefined,
  ...(applicationType !== undefined && { applicationType }),
})
const at = (host: string) => ({ application: undefined, destination: { host } })

test('a name leads to an application of the type that is asked for, and to no other', () => {
  expect(applicationOf(rules, named('record-1'))?.name).toBe('record-1')
  expect(applicationOf(rules, named('record-1', 'record'))?.name).toBe('record-1')
  expect(applicationOf(rules, named('wiki', 'application'))?.name).toBe('wiki')
  expect(applicationOf(rules, named('record-1', 'application'))).toBeUndefined()
  expect(applicationOf(rules, named('wiki', 'record'))).toBeUndefined()
})

test('the catalogue has applications by type and actions by target, in order', () => {
  const catalogue = new Catalogue({ rulesOf: () => rules })
  expect(catalogue.applications(acme, 'record')).toEqual(['record-1', 'record-2'])
  expect(catalogue.applications(acme, 'application')).toEqual(['crm', 'wiki'])
  expect(catalogue.applications(acme, 'spaceship')).toEqual([])
  expect(catalogue.actions(acme, named('record-2', 'record'))).toEqual(['read', 'write'])
  expect(catalogue.actions(acme, at('crm.acme.example'))).toEqual(['admin', 'connect'])
  expect(catalogue.actions(acme, at('nowhere.example'))).toEqual([])
})

test('the catalogue knows nothing, rather than of nothing, where there is no policy', () => {
  const catalogue = new Catalogue({ rulesOf: () => undefined })
  expect(catalogue.applications(acme, 'record')).toBeUndefined()
  expect(catalogue.actions(acme, named('record-1'))).toBeUndefined()
})
