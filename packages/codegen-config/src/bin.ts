#!/usr/bin/env node
import { spawnSync } from "node:child_process"
import { run } from "./cli.ts"

// Before 22.18, Node strips the types of a configuration file only when told to.
const untyped = process.features.typescript === false && !process.execArgv.includes("--experimental-strip-types")

if (untyped) {
  const flags = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"]
  process.exitCode = spawnSync(process.execPath, [...flags, ...process.argv.slice(1)], { stdio: "inherit" }).status ?? 1
} else {
  process.exitCode = await run(process.argv.slice(2), { out: console.log, err: console.error })
}
