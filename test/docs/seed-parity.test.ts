import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, globSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { promisify } from "node:util"

import { beforeEach, describe, expect, it } from "vitest"

import { embeddedIn } from "../../scripts/docs/code-blocks.ts"
import { relativeLinks, titledLinks } from "../../scripts/docs/links.ts"
import { root } from "../../scripts/docs/pages.ts"
import { compiled } from "../support/compiled.ts"
import { testDatabase } from "../support/databases.ts"
import { runFile } from "../support/script.ts"
import { ANSWER, ASKED } from "../support/seed.ts"

const docs = resolve(root, "docs")
const page = readFileSync(resolve(docs, "seed-parity.md"), "utf8")

/** What is not here yet. */
const PLANNED = [
  "Automatic query optimization suggestions",
  "Connection pool size auto-tuning",
  "Predictive failure detection",
  "Integration with Railway metrics API",
]

/** Without emphasis. */
const plain = (text: string): string => text.replaceAll(/\*\*|`/g, "").trim()

interface Section {
  readonly heading: string
  readonly body: string
  /** By what was asked for: the row as it is. */
  readonly rows: ReadonlyMap<string, string>
}

/** A heading and what is below it, up to the next one. Comments in Python begin like headings. */
function sections(): readonly Section[] {
  const found: { heading: string; lines: string[] }[] = []
  let inside = false
  for (const line of page.split("\n")) {
    if (line.startsWith("```")) inside = !inside
    const heading = inside ? undefined : /^#+ (?<text>.+)$/.exec(line)?.groups?.["text"]
    if (heading === undefined) found.at(-1)?.lines.push(line)
    else found.push({ heading: plain(heading), lines: [] })
  }
  return found.map(({ heading, lines }) => ({ heading, body: lines.join("\n"), rows: rowsOf(lines) }))
}

function rowsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const rows = lines.filter((line, nth) => line.startsWith("| ") && lines[nth + 1]?.startsWith("|---") !== true)
  return new Map(rows.map((row) => [plain(row.split(" | ")[0]?.slice(2) ?? ""), row]))
}

const answered = sections()
const sectionOf = (heading: string): Section | undefined => answered.find((section) => section.heading === heading)
const differs = sectionOf("Where this differs, and why")

/** The tests that a text names: links with a title, which is the test's. */
const tests = (text: string) => titledLinks(text).filter(({ target }) => target.endsWith(".test.ts"))

describe("docs/seed-parity.md", () => {
  it("has every heading that was asked for, in its order", () => {
    const wanted = ASKED.map(({ heading }) => heading)
    expect(answered.map(({ heading }) => heading).filter((heading) => wanted.includes(heading))).toEqual(wanted)
  })

  it.each(ASKED)("$heading: answers each of its lines, and nothing else", ({ heading, items }) => {
    expect([...(sectionOf(heading)?.rows.keys() ?? [])]).toEqual(items)
  })

  it.each(ASKED.filter(({ items }) => items.length > 0))(
    "$heading: names a test for each, or says planned",
    (asked) => {
      for (const [item, row] of sectionOf(asked.heading)?.rows ?? []) {
        const cells = row.split(" | ").map((cell) => cell.replace(/\|$/, "").trim())
        expect(cells, item).toHaveLength(3)
        if (PLANNED.includes(item)) expect(cells[2]).toBe("planned")
        else expect(tests(cells[2] ?? "").length, item).toBeGreaterThan(0)
      }
    },
  )

  it.each(ASKED.filter(({ examples }) => examples.length > 0))("$heading: shows its example, and ours", (asked) => {
    const body = sectionOf(asked.heading)?.body ?? ""
    expect(fenced(body)).toEqual(expect.arrayContaining([...asked.examples]))
    // The program that answers curl is the one that serves the endpoint.
    if (asked.heading === "Check Health") expect(fenced(body)).toContain(CURL)
    else expect(embeddedIn(body)).not.toEqual([])
  })

  it("says of each difference what to do for what was asked for, with a test", () => {
    const rows = [...(differs?.rows.values() ?? [])]
    expect(rows.length).toBeGreaterThanOrEqual(5)
    for (const row of rows) expect(tests(row).length, row).toBeGreaterThan(0)
    for (const option of ['orphanedTransaction: "commit"', "idempotent: true", "resilient("])
      expect(differs?.body).toContain(option)
  })

  it("leads to files that are there", () => {
    expect(relativeLinks(page).filter((link) => !existsSync(resolve(docs, link.split("#")[0] ?? "")))).toEqual([])
  })

  it("names tests that there are", () => {
    const named = tests(page)
    expect(named.length).toBeGreaterThan(100)
    expect(named.filter(({ target, title }) => !titlesIn(resolve(docs, target)).has(title))).toEqual([])
  })
})

/** What is in fences, whatever its language. */
function fenced(text: string): readonly (string | undefined)[] {
  return [...text.matchAll(/^```\w*\n(?<code>[\s\S]*?)\n```$/gm)].map(({ groups }) => groups?.["code"])
}

/** Names of tests and of groups of them: what `it(`, `describe(` and the call behind `.each(…)` are given. */
function titlesIn(path: string): ReadonlySet<string> {
  const titles = readFileSync(path, "utf8").matchAll(
    /(?:\b(?:it|test|describe|matrixOf)|\))\(\s*"(?<title>(?:[^"\\]|\\.)+)"/g,
  )
  return new Set([...titles].map(({ groups }) => groups?.["title"] ?? ""))
}

/** What each program says when all is well. A program without an entry fails. */
const SAYS: Readonly<Record<string, string>> = {
  "as-asked.ts": "3 signals\n",
  "cursor.ts": "2 signals\n",
  "failure.ts":
    "server_shutdown\n[ { one: 1 } ]\n{\n  total_queries: 2,\n  failed_queries: 1,\n  reconnections: 1,\n  transaction_rollbacks: 0,\n  pool_resets: 0\n}\n",
  "function.ts": "[ 'QQQ', 'SPY' ]\n",
  "parameters.ts": "2 to 20 connections\n",
  "query.ts": "1 signals in the last hour\n",
}

/** Those have tests of their own below. */
const OTHERS = ["decorator.ts", "endpoint.ts"]

const CURL = "curl http://localhost:3000/api/database-resilience"

const folder = resolve(root, "examples/seed")
const programs = globSync("*.ts", { cwd: folder }).filter((name) => !OTHERS.includes(name))
const database = testDatabase(import.meta.url)

describe("a program of docs/seed-parity.md", () => {
  beforeEach(async () => {
    await database.ask("drop table if exists live_signals")
    await database.ask("create table live_signals (symbol text not null, timestamp timestamptz not null default now())")
    await database.ask("insert into live_signals values ('SPY', now()), ('QQQ', now() - interval '1 day')")
  })

  it.each(programs)("%s runs, says what it should, and ends by itself", async (name) => {
    const ended = await runFile(resolve(folder, name), { DATABASE_URL: database.url })
    expect(ended).toMatchObject({ code: 0, output: SAYS[name] })
  })

  it("that decorates is compiled, and says what it should", async () => {
    const run = (program: string) => runFile(program, { DATABASE_URL: database.url })
    const ended = await compiled(resolve(folder, "decorator.ts"), run)
    expect(ended).toMatchObject({ code: 0, output: SAYS["function.ts"] })
  })

  it("answers curl with what was asked for, and ends on SIGTERM", async () => {
    const program = spawn(process.execPath, [resolve(folder, "endpoint.ts")], {
      env: { ...process.env, DATABASE_URL: database.url, PORT: "0" },
      timeout: 20_000,
    })
    const exit = once(program, "exit")
    const [said] = (await once(program.stdout, "data")) as [Buffer]
    const port = /port: (?<port>\d+)/.exec(String(said))?.groups?.["port"] ?? "none was said"
    const [command = "", ...words] = CURL.replace("3000", port).split(" ")
    const { stdout } = await promisify(execFile)(command, ["--silent", ...words])
    const { status, features, metrics } = (JSON.parse(stdout) as typeof ANSWER).resilience
    expect({ status, features }).toEqual({ status: ANSWER.resilience.status, features: ANSWER.resilience.features })
    expect(Object.keys(metrics)).toEqual(Object.keys(ANSWER.resilience.metrics))
    program.kill("SIGTERM")
    expect(await exit).toEqual([0, null])
  })
})
