import { addressOf } from "@kysely-resilient/cli/src/address.ts"
import { feed, type Told } from "@kysely-resilient/cli/src/watch/feed.ts"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { resolve } from "node:path"
import { stripVTControlCharacters } from "node:util"

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"

import { run, SOON, start, startApp, TOKEN, type App } from "../../support/command-line.ts"
import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)
let app: App
let origin: string

beforeAll(async () => {
  app = await startApp(database.url)
  origin = app.origin
})

afterAll(() => app[Symbol.asyncDispose]())

const root = resolve(import.meta.dirname, "../../..")
/** util-linux's, which makes one. */
const hasTerminal = spawnSync("script", ["--version"]).status === 0

describe("kysely-resilient watch", () => {
  it("writes a line for what happens, and one now and then for how it is", async () => {
    const watching = start(["watch", origin], { RESILIENCE_TOKEN: TOKEN })
    await expect.poll(() => watching.said.out, SOON).toMatch(/(healthy|degraded) {2}\d+ \/s/)
    void (await app.db.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()",
    ))
    await expect.poll(() => watching.said.out, SOON).toMatch(/connection (discarded|opened)/)
    watching.child.kill("SIGINT")
    expect(await watching.ended).toMatchObject({ code: 0, err: "" })
  })

  it("ends after --seconds", async () => {
    expect(await run(["watch", origin, "--seconds", "1", "--token", TOKEN])).toMatchObject({ code: 0, err: "" })
  })

  it("asks for the report where there is no stream, and says so", async () => {
    app.events = "busy"
    const { code, out, err } = await run(["watch", origin, "--seconds", "1", "--token", TOKEN])
    app.events = "given"
    expect({ code, err }).toEqual({ code: 0, err: "" })
    expect(out).toMatch(/no event stream \(.* answered 503\).*\n.* 0 \/s, 0 failed/)
  })

  describe("the feed of it", () => {
    const pace = { againMs: 20, silenceMs: 1_000, askMs: 20, askForMs: 60 }

    async function tell(until: (told: Told) => boolean, change?: (told: Told) => void): Promise<readonly Told[]> {
      const endpoint = addressOf(origin, TOKEN, {})
      if (typeof endpoint === "string" || endpoint.at !== "endpoint") throw new Error("it is no endpoint")
      const all: Told[] = []
      for await (const told of feed(endpoint, new AbortController().signal, pace)) {
        all.push(told)
        if (until(told)) break
        change?.(told)
      }
      return all
    }
    const isMessage = ({ what }: Told): boolean => what === "message"

    it.each([
      ["busy", /answered 503/],
      ["absent", /answered 404/],
      ["held back", /^nothing came of it within 1 s$/],
    ] as const)("asks while the stream is %s, and reads it when it is given again", async (events, why) => {
      app.events = events
      let asked = 0
      const all = await tell(isMessage, ({ what }) => {
        if (what === "asked") asked += 1
        if (asked === 4) app.events = "given"
      })
      expect(all.length).toBeLessThan(20)
      for (const told of all.slice(0, -1))
        expect(told).toMatchObject({ what: "asked", why: expect.stringMatching(why) })
      expect(all[0]).toMatchObject({
        report: { schema_version: 1 },
        sample: { since_last: { queries: 0 }, pool: { max: 3 } },
      })
    })

    it("comes back when the stream is lost", async () => {
      let back = false
      const all = await tell(
        (told) => isMessage(told) && back,
        ({ what }) => {
          app.away = what === "message"
          back ||= what === "lost"
          if (app.away) app.hangUp()
        },
      )
      expect(all.at(-1)).toMatchObject({ what: "message" })
      expect(app.resumedFrom, "nothing is told twice").toMatch(/./)
      expect(all.filter(({ what }) => what === "lost").length).toBeGreaterThan(0)
      expect(all.some(({ what }) => what === "refused" || what === "asked")).toBe(false)
    })

    it("reads on for as long as somebody speaks", async () => {
      const until = performance.now() + 2.2 * pace.silenceMs
      const all = await tell(() => performance.now() > until)
      expect(all.every(isMessage)).toBe(true)
    })

    it("notices that nobody speaks any more", async () => {
      const all = await tell(
        ({ what }) => what === "lost",
        () => (app.events = "dead"),
      )
      app.events = "given"
      expect(all.slice(0, -1).every(isMessage)).toBe(true)
      expect(all.at(-1)).toEqual({ what: "lost", why: expect.stringMatching(/has said nothing for 1 s$/) })
    })

    it("gives up where asking does not help either", async () => {
      const stop = new AbortController()
      const url = new URL(`${origin}/elsewhere`)
      const all: Told[] = []
      for await (const told of feed({ at: "endpoint", url, token: TOKEN }, stop.signal, pace)) all.push(told)
      expect(all).toEqual([{ what: "refused", why: expect.stringContaining("is it the address of the endpoint?") }])
    })
  })

  it.skipIf(!hasTerminal)("draws on a terminal as wide as it is, and leaves it as it was on Ctrl-C", async () => {
    const shell = [
      "stty cols 90 rows 20",
      "before=$(stty -g)",
      "(sleep 4; stty cols 40 rows 10 < /dev/tty) &",
      `'${process.execPath}' packages/cli/src/bin.ts watch ${origin}`,
      'echo "ended with $?"',
      '[ "$before" = "$(stty -g)" ] && echo "as it was"',
    ].join("\n")
    const { PATH } = process.env
    const terminal = spawn("script", ["-qec", shell, "/dev/null"], {
      cwd: root,
      env: { PATH, TERM: "xterm-256color", RESILIENCE_TOKEN: TOKEN, SHELL: "/bin/sh" },
    })
    onTestFinished(() => void terminal.kill("SIGKILL"))
    let out = ""
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => (out += text))
    const widest = (): number =>
      Math.max(
        ...(out.split("\u001B[?2026h").at(-2) ?? "")
          .split("\r")
          .map((line) => stripVTControlCharacters(line).trim().length),
      )
    await expect
      .poll(() => (out.includes("■") || out.includes("□") || out.includes("pool")) && widest() > 40, SOON)
      .toBe(true)
    await expect.poll(widest, SOON).toBeLessThanOrEqual(40)
    terminal.stdin.write("\u0003")
    await once(terminal, "close")
    expect(out.startsWith("\u001B[?1049h\u001B[?25l")).toBe(true)
    const [, left] = out.split("\u001B[?25h\u001B[?1049l")
    expect(left).toMatch(/^ended with 0\r+\nas it was\r+\n$/)
    expect(out).toContain("● ")
  })

  it("says what it wants where it is refused", async () => {
    expect(await run(["watch", origin])).toMatchObject({ code: 2, err: expect.stringContaining("wants a token") })
    expect(await run(["watch"])).toMatchObject({ code: 2, err: expect.stringContaining("say which application") })
  })
})

it("ends as programs do whose reader has had enough, without a word", async () => {
  const watching = start(["watch", origin], { RESILIENCE_TOKEN: TOKEN })
  await expect.poll(() => watching.said.out, SOON).toMatch(/ \/s, /)
  watching.child.stdout.destroy()
  void (await app.db.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"))
  expect(await watching.ended).toMatchObject({ code: 141, err: "" })
})
