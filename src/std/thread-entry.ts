import { enableCompileCache } from 'node:module'

/** Where every thread begins: see `startThread`. What is imported here is compiled anew. */
const [script, compileCache] = process.argv.slice(2)
if (compileCache !== undefined) enableCompileCache(compileCache)
await import(script!)
