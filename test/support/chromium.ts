import { existsSync } from "node:fs"

import { chromium, type Browser } from "playwright-core"

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
]

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
