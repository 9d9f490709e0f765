import { expect, test } from 'vitest'
import { committed, entra, temporarySqliteStore, user } from '../support/store-fixture.ts'

test('a user who was committed is found by name at the same position', async () => {
  await using fixture = await temporarySqliteStore()
  const { store } = fixture
  const { position } = await committed(store, user('Ann@acme.example'))

  const found = await store.resolve({
    directory: entra,
    kind: 'userName',
    value: 'ann@acme.example',
  })

  expect(found).toMatchObject({ kind: 'known', position })
})
