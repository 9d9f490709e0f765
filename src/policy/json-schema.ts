import { z } from 'zod'
import { PolicyFileSchema } from './schema.ts'
import { TestFileSchema } from './test-schema.ts'

/** JSON Schema of rule files, for editors: it completes keys and marks what is no key. */
export function policyJsonSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(PolicyFileSchema, { io: 'input' }), title: 'Sallyport policy' }
}

/** The same of files of tests alone. */
export function policyTestsJsonSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(TestFileSchema, { io: 'input' }), title: 'Sallyport policy tests' }
}
