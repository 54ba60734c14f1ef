#!/usr/bin/env node
import process from "node:process"

import { main } from "./main.ts"

/** As a shell says that a program was ended because nobody reads it any more (128 and SIGPIPE). */
const NOBODY_READS = 141

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(NOBODY_READS)
    throw error
  })
}

process.exitCode = await main(process.argv.slice(2), process)
