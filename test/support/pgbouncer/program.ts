import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { promisify } from "node:util"

const run = promisify(execFile)

/** Where PgBouncer is, or why it cannot be had here. */
export type PgBouncerProgram = { readonly path: string } | { readonly missing: string }

/** Debian's package installs it in a folder that an ordinary user's PATH does not have. */
const PLACES = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"]

/** Test files that run side by side must not install it twice at once; dpkg fails instead of waiting. */
const INSTALL = `
  exec 9>/tmp/kysely-resilient-pgbouncer.lock && flock 9 || exit 1
  test -x /usr/sbin/pgbouncer && exit 0
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y --no-install-recommends pgbouncer ||
    { apt-get update && apt-get install -y --no-install-recommends pgbouncer; }
`
const INSTALL_MS = 120_000

/** Finds PgBouncer, and installs Debian's package if it is missing and we may. Never rejects. */
export async function pgBouncerProgram(): Promise<PgBouncerProgram> {
  const found = PLACES.find((path) => existsSync(path))
  if (found !== undefined) return { path: found }
  if (!existsSync("/usr/bin/apt-get")) return { missing: "it is not installed, and apt-get does not exist here" }
  if (process.getuid?.() !== 0) return { missing: "it is not installed, and only root may: apt-get install pgbouncer" }
  try {
    await run("sh", ["-c", INSTALL], { timeout: INSTALL_MS })
  } catch (error) {
    return { missing: `apt-get could not install it: ${String(error).trim().split("\n").slice(-1)[0]}` }
  }
  const installed = PLACES.find((path) => existsSync(path))
  return installed === undefined ? { missing: "apt-get installed it, but nobody knows where" } : { path: installed }
}
