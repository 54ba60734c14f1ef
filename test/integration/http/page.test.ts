import { createServer, type Server } from "node:http"

import { createDatabase, type Database, type DatabaseOptions } from "@kysely-resilient/core"
import { listener, type Listener } from "@kysely-resilient/http/node"
import { afterServerHasCommit, cut, startFaultProxy } from "@kysely-resilient/testing"
import type { Browser, BrowserContextOptions, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"

import { browserPath, startBrowser } from "../../support/chromium.ts"
import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)
const BASE = "/api/database-resilience"
const soon = { timeout: 15_000 }

let browser: Browser
beforeAll(async () => {
  if (browserPath !== undefined) browser = await startBrowser()
})
afterAll(() => browser?.close())

interface Site {
  readonly db: Database<object>
  readonly url: string
  readonly pressed: readonly string[]
  readonly report: () => Promise<Report>
  readonly stop: () => Promise<void>
}

interface Report {
  readonly resilience: { readonly metrics: Readonly<Record<string, number>> }
  readonly pool: Readonly<Record<string, number>>
}

async function serveAt(port: number, hear: Listener): Promise<Server> {
  const server = createServer(hear)
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  return server
}

async function site(port = 0, askServer = true, options: DatabaseOptions = {}): Promise<Site> {
  const db = createDatabase<object>({ connection: database.url, pool: { min: 0, max: 4 }, ...options })
  const pressed: string[] = []
  const actions = [
    { name: "hurt", title: "Hurt it", about: "This hurts.", run: () => (pressed.push("hurt"), "that hurt") },
  ]
  const hear = listener(db, (_, response) => void response.writeHead(404).end(), {
    expose: "full",
    actions,
    requests: false,
    askServer,
  })
  const server = await serveAt(port, hear)
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
  const stop = async (): Promise<void> => {
    hear.handler.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await db.close()
  }
  onTestFinished(stop)
  const report = async (): Promise<Report> => (await fetch(origin + BASE)).json() as Promise<Report>
  return { db, url: `${origin}${BASE}/ui`, pressed, report, stop }
}

/** Nothing may go wrong on the page, whatever it shows. */
async function open(url: string, options: BrowserContextOptions = {}): Promise<Page & { readonly wrong: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, ...options })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const wrong: string[] = []
  page.on("pageerror", (error) => wrong.push(String(error)))
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(message.text())
  })
  await page.goto(url)
  return Object.assign(page, { wrong })
}

const textOf = async (page: Page, selector: string): Promise<string> => (await page.textContent(selector)) ?? ""
const numberIn = (text: string): number => Number(/[\d,]+/.exec(text)?.[0].replaceAll(",", ""))

describe.skipIf(browserPath === undefined)("the page in Chromium", () => {
  it("shows the numbers of the JSON, and every connection there is", async () => {
    const { db, url, report } = await site()
    await Promise.all(Array.from({ length: 200 }, () => db.query("select pg_sleep(0.001)")))
    const page = await open(url)
    await expect.poll(() => textOf(page, "#status"), soon).toBe("Healthy")
    // The page asks the server now and then, and that is counted too: so the JSON before and after are its bounds.
    const shown = async (): Promise<string> => {
      const before = await report()
      await page.waitForTimeout(1_300)
      const total = numberIn(await textOf(page, ".tile:nth-of-type(2) .soft"))
      const after = await report()
      const within =
        before.resilience.metrics["total_queries"]! <= total && total <= after.resilience.metrics["total_queries"]!
      return within ? "the same" : `${total} is not ${JSON.stringify([before, after])}`
    }
    await expect.poll(shown, soon).toBe("the same")
    const { pool, resilience } = await report()
    expect(await textOf(page, "#pool-counts")).toBe(
      `${pool["used"]} in use, ${pool["idle"]} idle, 0 opening, at most 4`,
    )
    expect(numberIn(await textOf(page, ".tile:nth-of-type(1) .soft"))).toBe(resilience.metrics["failed_queries"])
    expect(await page.locator(".squares [data-state=idle]").count()).toBe(db.connections().length)
    await expect.poll(() => textOf(page, "#server"), soon).toContain("PostgreSQL 18")
    expect(await textOf(page, "#queries tbody tr")).toMatch(/SELECT.*200/)
    expect(page.wrong).toEqual([])
  })

  it("counts the connections that it shows, at every moment, however much happens", async () => {
    const { db, url } = await site(0, false)
    const page = await open(url)
    await expect.poll(() => textOf(page, "#pool-counts"), soon).toMatch(/at most 4$/)
    let going = true
    const work = Promise.all(
      Array.from({ length: 6 }, async (_, worker) => {
        for (let turn = 0; going; turn += 1) await db.query("select pg_sleep($1)", [((worker * 7 + turn) % 5) / 20])
      }),
    )
    const seen = new Set<string>()
    for (let look = 0; look < 30; look += 1) {
      // In one breath, as somebody sees it.
      const [said, states] = await page.evaluate<[string, string[]]>(
        `[document.querySelector("#pool-counts").textContent, [...document.querySelectorAll(".squares > *")].map((one) => one.dataset.state)]`,
      )
      const idle = states.filter((state) => state === "idle").length
      const used = states.filter((state) => !["idle", "free", "opening", "gone"].includes(state)).length
      expect(said).toMatch(new RegExp(`^${used} in use, ${idle} idle`))
      expect(states).toHaveLength(4)
      seen.add(said)
      await page.waitForTimeout(60)
    }
    going = false
    await work
    expect(seen.size).toBeGreaterThan(1)
    expect(page.wrong).toEqual([])
  })

  it("says beside each chart what it was in the last second, and under the cursor what it was there", async () => {
    const { db, url } = await site(0, false)
    const page = await open(url)
    const timer = setInterval(() => void db.query("select 1"), 50)
    onTestFinished(() => clearInterval(timer))
    const legend = page.locator(".charts figure").first().locator(".u-legend")
    await expect.poll(() => legend.textContent(), soon).toMatch(/last second.*first try:?[1-9]/)
    await page.waitForTimeout(3_000)
    const box = await page.locator(".charts figure .u-over").first().boundingBox()
    await page.mouse.move(box!.x + box!.width - 3, box!.y + 20)
    await expect.poll(() => legend.textContent(), soon).toMatch(/\d\d:\d\d:\d\d.*first try:?\d/)
    await page.mouse.move(0, 0)
    await expect.poll(() => legend.textContent(), soon).toMatch(/last second/)
    clearInterval(timer)
    expect(page.wrong).toEqual([])
  })

  it("tells what a connection does, to a mouse and to a keyboard, and never a parameter", async () => {
    const { db, url } = await site(0, false)
    const page = await open(url)
    const running = db.query("select pg_sleep(2), $1::text", ["a secret"])
    await page.locator(".squares [data-state=active]").hover(soon)
    await expect
      .poll(() => textOf(page, "#connection"), soon)
      .toMatch(/running a statement.*select pg_sleep\(.*\), \$1::text/)
    await page.mouse.move(0, 0)
    await page.locator(".squares button").first().focus()
    await page.keyboard.press("Tab")
    await expect.poll(() => textOf(page, "#connection")).toMatch(/^A place for a connection: not open|^Connection 2/)
    expect(await page.content()).not.toContain("a secret")
    await running
    expect(page.wrong).toEqual([])
  })

  it("presses buttons, and writes down that it did", async () => {
    const { url, pressed } = await site()
    const page = await open(url)
    await page.click("[data-action=hurt]", soon)
    expect(await textOf(page, "#about-actions")).toBe("This hurts.")
    await expect.poll(() => textOf(page, "#said")).toMatch(/^\d\d:\d\d:\d\d Hurt it: that hurt$/)
    expect(pressed).toEqual(["hurt"])
    await expect.poll(() => textOf(page, "#incidents")).toContain("pressed on this page: Hurt it")
    await page.click("#copy-report")
    await expect.poll(() => textOf(page, "#copy-report")).not.toBe("Copy incident report")
    expect(page.wrong).toEqual([])
  })

  it("tells of an incident: what it was, who was affected, and that nothing is unknown", async () => {
    // The page has no connection of its own, which would be ended too.
    const { db, url, report } = await site(0, false)
    const page = await open(url)
    const reading = Promise.all(
      Array.from({ length: 3 }, (_, index) =>
        db.query("select pg_sleep(0.5)", [], { name: `reader ${index}`, idempotent: true }),
      ),
    )
    await expect.poll(() => db.connections().filter(({ state }) => state === "active").length).toBe(3)
    const pids = db.connections().map(({ processId }) => processId)
    await database.ask("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [pids])
    for (const result of await reading) expect(result.isOk()).toBe(true)
    const card = page.locator(".incident").first()
    await expect.poll(() => card.locator("h3").textContent(), soon).toBe("The server ended 3 connections of ours")
    await expect
      .poll(() => card.locator(".verdict").textContent(), soon)
      .toBe("3 operations were affected, and all of them recovered: no caller got an error, and nothing is unknown.")
    expect(await card.locator("tbody tr").allTextContents()).toEqual(["reader3300"])
    const { failed_queries: failed } = (await report()).resilience.metrics
    expect(failed).toBe(3)
    expect(await card.locator("[data-figure=affected] dd").textContent()).toBe(String(failed))
    expect(page.wrong).toEqual([])
  })

  it("says of a write that nobody knows of which it is, and leads to what to do, whatever the status", async () => {
    const proxy = await startFaultProxy({ target: database.url })
    onTestFinished(() => proxy.close())
    const { db, url } = await site(0, false, { connection: proxy.url(database.url) })
    const page = await open(url)
    expect((await db.query("create table notes (id int)")).isOk()).toBe(true)
    proxy.rule({ when: afterServerHasCommit, do: cut({ side: "client" }) })
    proxy.refuse(true)
    const noted = await db.transaction(async (tx) => tx.query("insert into notes values (1)"), {
      name: "note 1",
      timeoutMs: 2_000,
    })
    expect(noted.isErr() && noted.error.effect).toBe("unknown")
    const doubt = page.locator("#doubt")
    await expect
      .poll(() => doubt.textContent(), soon)
      .toBe("Of 1 write (note 1) nobody knows whether it was done: what to do")
    const card = page.locator("#advice-UNRESOLVED_EFFECTS")
    await expect.poll(() => card.locator(".message").textContent(), soon).toContain("Of 1 write (note 1) nobody knows")
    await doubt.click()
    expect(new URL(page.url()).hash).toBe("#advice-UNRESOLVED_EFFECTS")
    expect(await page.locator(".incident .badges").first().textContent()).toBe("1 unknown")
    // Found out by itself it is nobody's to do any more.
    proxy.clearRules()
    proxy.refuse(false)
    await expect.poll(() => doubt.isHidden(), { timeout: 40_000 }).toBe(true)
    expect(page.wrong).toEqual([])
  })

  it("says when the stream is lost, and goes on with whoever speaks then", async () => {
    const first = await site()
    const page = await open(first.url)
    await expect.poll(() => textOf(page, "#tile-throughput"), soon).toMatch(/\d/)
    await first.stop()
    await expect.poll(() => page.isVisible("#lost"), soon).toBe(true)
    expect(await textOf(page, "#lost")).toMatch(/The stream is lost.*old\./)
    await site(Number(new URL(first.url).port))
    await expect.poll(() => textOf(page, "#stream"), soon).toBe("live")
    expect(await page.isVisible("#lost")).toBe(false)
    // A browser writes down that nobody answered; nothing else is wrong.
    expect(page.wrong.filter((line) => !/ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(line))).toEqual([])
  })

  it.each<[string, BrowserContextOptions]>([
    ["dark", { colorScheme: "dark" }],
    ["on a phone", { viewport: { width: 390, height: 844 } }],
    ["on a very small phone, without motion", { viewport: { width: 320, height: 600 }, reducedMotion: "reduce" }],
  ])("fits %s", async (_, options) => {
    const { db, url } = await site()
    const long = `select 1 as ${"a".repeat(63)}, 2 as ${"b".repeat(63)}`
    await db.query(long, [], { name: "n".repeat(200) })
    const page = await open(url, options)
    await expect.poll(() => textOf(page, "#queries tbody"), soon).toContain("SELECT")
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true)
    const dark = options.colorScheme === "dark"
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
      dark ? "rgb(17, 20, 23)" : "rgb(246, 247, 248)",
    )
    expect(page.wrong).toEqual([])
  })
})
