#!/usr/bin/env -S node --max-old-space-size-percentage=75 --disable-proto=throw --unhandled-rejections=strict --max-http-header-size=16384
import { run } from './cli/cli.ts'

await run(process.argv.slice(2))
