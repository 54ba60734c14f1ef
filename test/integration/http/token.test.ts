import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

import { createDatabase } from "@kysely-resilient/core"
import { resilience } from "@kysely-resilient/http/express"
import express from "express"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"

import { browserPath, startBrowser } from "../../support/chromium.ts"
import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)
const TOKEN = "a-token-that-nobody-guesses"
const soon = { timeout: 15_000 }

let browser: Browser
beforeAll(async () => {
  if (browserPath !== undefined) browser = await startBrowser()
})
afterAll(() => browser?.close())

/** In an application of Express, below a path of its choice; where the page is. */
async function mounted(prefix: string): Promise<string> {
  const db = createDatabase<object>({ connection: database.url })
  const actions = [{ name: "hurt", title: "Hurt it", run: () => "that hurt" }]
  const web = resilience(db, { token: TOKEN, actions })
  const app = express().use(prefix, web)
  const server = createServer(app)
  await once(server.listen(0, "127.0.0.1"), "listening")
  onTestFinished(async () => {
    await db.close()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}${prefix === "/" ? "" : prefix}/api/database-resilience/ui`
}

async function open(url: string): Promise<Page> {
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  await page.goto(url)
  return page
}

const enter = async (page: Page, token: string): Promise<void> => {
  await page.fill("input[name=token]", token)
  await Promise.all([page.waitForEvent("load"), page.click("button")])
}

describe.skipIf(browserPath === undefined).each([["/"], ["/admin"]])("whoever has the token, below %s", (prefix) => {
  it("enters it in a browser, sees the page, and may press its buttons", async () => {
    const page = await open(await mounted(prefix))
    await enter(page, "not-the-token-that-is-right")
    expect(await page.textContent("[role=alert]")).toBe("That is not the token.")
    await enter(page, TOKEN)
    await expect.poll(() => page.textContent("#status"), soon).toBe("Healthy")
    await page.click("text=Hurt it")
    await expect.poll(() => page.locator("text=that hurt").count(), soon).toBeGreaterThan(0)
    await page.reload()
    await expect.poll(() => page.textContent("#status"), soon).toBe("Healthy")
  })
})
