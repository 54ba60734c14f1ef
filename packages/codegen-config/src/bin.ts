#!/usr/bin/env node
import { run } from "./cli.ts"
import { runAgainWithTypes } from "./strip-types.ts"

process.exitCode = runAgainWithTypes() ?? (await run(process.argv.slice(2), { out: console.log, err: console.error }))
