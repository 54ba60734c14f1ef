// What tests need of the system beside Node, installed where it is missing and may be. Whatever cannot be had is said, and its tests are skipped
// with their reason, as everywhere else. Plain JavaScript for the same reason as ci.mjs.
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { homedir } from "node:os"
import { delimiter, join } from "node:path"

/** All of it together: tests have to begin. */
const INSTALL_MS = 240_000

/** Somebody else's apt is waited for; lists that are old or not there are fetched, once. */
const APT = `
  apt() { apt-get -y -q -o DPkg::Lock::Timeout=120 "$@"; }
  fetched() { apt "$@" || { apt update && apt "$@"; }; }
`

const chromiumPlaces = JSON.parse(
  readFileSync(new URL("../test/support/chromium-places.json", import.meta.url), "utf8"),
)

/** Its package would start a server, and bring one's web pages along. */
const promtoolFolder = join(homedir(), ".cache", "kysely-resilient-ci")

const TOOLS = [
  {
    name: "chromium",
    isThere: (env) => [env.KYSELY_RESILIENT_TEST_CHROMIUM, ...chromiumPlaces].some((path) => path && existsSync(path)),
    install: "fetched install --no-install-recommends chromium",
  },
  {
    name: "promtool",
    isThere: (env) => (env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, "promtool"))),
    install: `
      mkdir -p '${promtoolFolder}' && cd '${promtoolFolder}' && fetched download prometheus &&
        dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x --strip-components=3 ./usr/bin/promtool && rm prometheus_*.deb`,
  },
]

/** Installs what is missing, and answers the environment in which all is found that there is. */
export async function withTools(env = process.env, log = console.log) {
  const found = { ...env, PATH: `${env.PATH ?? ""}${delimiter}${promtoolFolder}` }
  const until = Date.now() + INSTALL_MS
  for (const { name, isThere, install } of TOOLS) {
    if (isThere(found)) continue
    const problem = whyNot() ?? (await shell(`set -e\n${APT}\n${install}`, until - Date.now()))
    if (problem === undefined && isThere(found)) log(`${name} was missing, and was installed`)
    else log(`${name} is missing, so tests that need it are skipped: ${problem ?? "nobody knows where it was put"}`)
  }
  return found
}

function whyNot() {
  if (!existsSync("/usr/bin/apt-get")) return "apt-get does not exist here"
  return process.getuid?.() === 0 ? undefined : "only root may install it"
}

/** Runs it to its end or for so long; answers in one line why it failed. */
function shell(text, ms) {
  return new Promise((resolve) => {
    if (ms <= 0) return resolve("no time was left to install it")
    // A group of its own, so that nothing of it goes on when its time is up.
    const child = spawn("sh", ["-c", text], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
    })
    let said = ""
    let late = false
    child.stderr.on("data", (chunk) => (said = (said + chunk).slice(-2_000)))
    const timer = setTimeout(() => {
      late = true
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
      } catch {
        // It has just ended.
      }
    }, ms)
    child.on("error", (error) => (said = error.message))
    child.on("close", (code) => {
      clearTimeout(timer)
      const lines = said.trim().split("\n")
      const last = lines.findLast((line) => line.startsWith("E: ")) ?? (lines.at(-1) || `it ended with ${code}`)
      resolve(code === 0 ? undefined : late ? `installing took longer than ${Math.round(ms / 1_000)} s` : last)
    })
  })
}
