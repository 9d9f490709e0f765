#!/usr/bin/env -S node --max-old-space-size-percentage=75 --disable-proto=throw --unhandled-rejections=strict --max-http-header-size=16384
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Halves the start of every verb. Beside the packages and not in a shared temporary folder, where
// others could leave code for us; where the folder cannot be written, nothing is kept.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/sallyport'))

const { run } = await import('./cli/cli.ts')
await run(process.argv.slice(2))
