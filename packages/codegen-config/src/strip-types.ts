import { spawnSync } from "node:child_process"
import process from "node:process"

const FLAGS = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"]

/**
 * Before 22.18, Node strips the types of a configuration file only when told to. There this process runs once more, told to, and its exit
 * code is given; elsewhere nothing happens.
 */
export function runAgainWithTypes(): number | undefined {
  if (process.features.typescript !== false || process.execArgv.includes(FLAGS[0]!)) return undefined
  return spawnSync(process.execPath, [...FLAGS, ...process.argv.slice(1)], { stdio: "inherit" }).status ?? 1
}
