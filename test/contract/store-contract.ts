import { describe } from 'vitest'
import { logContract } from './store-log-contract.ts'
import { membersContract } from './store-members-contract.ts'
import { modelContract } from './store-model-contract.ts'
import { namesContract } from './store-names-contract.ts'
import { nestingContract } from './store-nesting-contract.ts'
import { notesContract } from './store-notes-contract.ts'
import { pagesContract } from './store-pages-contract.ts'
import { readsContract } from './store-reads-contract.ts'
import { recordsContract } from './store-records-contract.ts'
import { stagingContract } from './store-staging-contract.ts'
import type { OpenStore } from './store-under-test.ts'
import { writesContract } from './store-writes-contract.ts'

/** What every engine of the store holds, sentence by sentence. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`the store contract on ${name}`, () => {
    describe('writes', () => writesContract(open))
    describe('names', () => namesContract(open))
    describe('members', () => membersContract(open))
    describe('nesting', () => nestingContract(open))
    describe('reads', () => readsContract(open))
    describe('pages', () => pagesContract(open))
    describe('tokens and policies', () => recordsContract(open))
    describe('notes', () => notesContract(open))
    describe('staging', () => stagingContract(open))
    describe('the log', () => logContract(open))
    describe('as a whole', () => modelContract(open))
  })
}
