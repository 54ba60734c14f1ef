/**
 * Takes the pictures of the live page that the documentation shows, into docs/images: a demo for each, hurt by a button of the page.
 *
 *   node scripts/screenshots.ts [name …]
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import process from "node:process"
import type { Readable } from "node:stream"

import type { Browser, BrowserContextOptions } from "playwright-core"

import { browserPath, startBrowser } from "../test/support/chromium.ts"
import { root } from "./docs/pages.ts"

interface Picture {
  readonly name: string
  /** The button; none for a page on which nothing happens. */
  readonly action?: string
  /** From the button to the picture, milliseconds. */
  readonly afterMs: number
  readonly options?: BrowserContextOptions
  readonly whole?: true
  /** It shows a write of which nobody knows; not every crash leaves one. */
  readonly unknown?: true
}

const TRIES_MAX = 8

/** So that there is something to compare with. */
const QUIET_MS = 40_000
const DESKTOP = { viewport: { width: 1_280, height: 1_180 } } as const
const PHONE = { viewport: { width: 390, height: 1_500 } } as const

const PICTURES: readonly Picture[] = [
  { name: "page-crash", action: "crash", afterMs: 9_000, unknown: true },
  { name: "page-crash-dark", action: "crash", afterMs: 1_800, options: { colorScheme: "dark" } },
  { name: "page-crash-phone", action: "crash", afterMs: 9_000, options: PHONE, unknown: true },
  { name: "page-black-hole", action: "black-hole", afterMs: 8_000 },
  { name: "page-restart", action: "restart", afterMs: 8_000 },
  { name: "page-exhaust", action: "exhaust", afterMs: 2_500 },
  { name: "page-delay", action: "delay", afterMs: 12_000 },
  { name: "page-whole", action: "kill-backend", afterMs: 8_000, whole: true },
]

const folder = join(root, "docs/images")

/** Whether it shows what it should. */
async function take(browser: Browser, picture: Picture, tries: number): Promise<boolean> {
  const { name, action, afterMs, options, whole, unknown } = picture
  const demo = spawn(process.execPath, ["examples/demo/main.ts", "--serve", "--seed", String(201 + tries * 100)], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  })
  // It may end by itself, and then its end would be waited for in vain.
  const ended = once(demo, "exit")
  try {
    const context = await browser.newContext({ ...DESKTOP, ...options })
    const page = await context.newPage()
    await page.goto(await urlOf(demo.stdout))
    await page.waitForTimeout(QUIET_MS)
    if (action !== undefined) await page.click(`[data-action=${action}]`)
    await page.mouse.move(0, 0)
    await page.waitForTimeout(afterMs)
    const path = join(folder, `${name}.png`)
    await page.screenshot({ path, fullPage: whole === true })
    const shown = unknown !== true || (await page.isVisible("#doubt"))
    await context.close()
    // A quarter of the size, where it is installed.
    spawnSync("pngquant", ["--force", "--ext", ".png", "--strip", path])
    console.log(path, shown ? "" : "(again: nothing is unknown on it)")
    return shown
  } finally {
    demo.kill("SIGINT")
    await ended
  }
}

function urlOf(stdout: Readable): Promise<string> {
  let text = ""
  return new Promise((resolve, reject) => {
    stdout.on("data", (chunk) => {
      text += String(chunk)
      const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(text)?.[0]
      if (url !== undefined) resolve(url)
    })
    stdout.once("close", () => reject(new Error(`The demo ended without saying where it serves: ${text}`)))
  })
}

if (browserPath === undefined) process.exit(1)
await mkdir(folder, { recursive: true })
const wanted = process.argv.slice(2)
const browser = await startBrowser()
for (const picture of PICTURES) {
  if (wanted.length > 0 && !wanted.includes(picture.name)) continue
  for (let tries = 0; tries < TRIES_MAX && !(await take(browser, picture, tries)); tries += 1);
}
await browser.close()
