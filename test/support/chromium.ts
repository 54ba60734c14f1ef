import { existsSync } from "node:fs"

import { chromium, type Browser } from "playwright-core"

// Also for scripts/ci-tools.mjs, which installs one where there is none.
import PLACES from "./chromium-places.json" with { type: "json" }

/** Where a browser is that tests may drive; undefined if there is none. */
export const browserPath: string | undefined = [process.env["KYSELY_RESILIENT_TEST_CHROMIUM"] ?? "", ...PLACES].find(
  (path) => path !== "" && existsSync(path),
)

if (browserPath === undefined) {
  console.log(
    "No browser, so the page is not tested in one: install Debian's chromium, or set KYSELY_RESILIENT_TEST_CHROMIUM to one",
  )
}

/** Root may not start one with its sandbox, and it shows nothing but our own page. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: browserPath!, args: ["--no-sandbox", "--disable-dev-shm-usage"] })
}
