/** Every misconfiguration that PLANTS names, found by the command as a user runs it; none where there is none. */
import type { Advice } from "@kysely-resilient/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { run, start } from "../../support/command-line.ts"
import type { ExaminedServer } from "../../support/examined/examined-server.ts"
import { startPlantedServer } from "../../support/examined/planted-server.ts"
import { PLANTS } from "../../support/examined/plants.ts"
import { startSoundServer } from "../../support/examined/sound-server.ts"

interface Told {
  readonly ok: boolean
  readonly advice: readonly Advice[]
  readonly checked: readonly string[]
  readonly unchecked: readonly unknown[]
}

async function doctor(url: string, ...words: string[]): Promise<Told & { readonly code: number | null }> {
  const { code, out } = await start(["doctor", "--production", "--json", ...words], { DATABASE_URL: url }).ended
  return { code, ...(JSON.parse(out) as Told) }
}

const codesOf = ({ advice }: Pick<Told, "advice">): string[] => advice.map(({ code }) => code)

/** As the server stands, a process finds these at once; the rest it would find a minute later. */
const FOUND = PLANTS.filter(({ lasting }) => lasting !== true)
const LASTING = PLANTS.filter(({ lasting }) => lasting === true).map(({ code }) => code)

/** What is wrong on this side, by its own defaults and by --replicas 2. */
const ON_THIS_SIDE = ["APPLICATION_NAME_EMPTY", "CONNECTION_BUDGET"]

describe("kysely-resilient doctor, of a server with all that is planted in it", () => {
  let server: ExaminedServer
  let asked: ReturnType<typeof doctor> | undefined

  beforeAll(async () => {
    server = await startPlantedServer()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  /** Asked once, for all tests. */
  const told = () => (asked ??= doctor(server.url, "--replicas", "2"))

  it("has twenty or more to find", () => expect(FOUND.length).toBeGreaterThanOrEqual(20))

  it.each(FOUND.map(({ code, said }) => [code, said] as const))(
    "finds %s, with evidence and what to do",
    async (code, said) => {
      const found = (await told()).advice.find((one) => one.code === code)
      expect(found).toMatchObject(said)
      expect(Object.keys(found?.evidence ?? {})).not.toEqual([])
      expect(found?.action).toMatch(/^[A-Z].{5,}/)
      expect(found?.docs).toContain(`advice.md#${code.toLowerCase()}`)
    },
  )

  it("finds nothing that is not there, ends with 1, and has looked at everything", async () => {
    const { ok, code, unchecked, advice } = await told()
    expect({ ok, code, unchecked }).toEqual({ ok: false, code: 1, unchecked: [] })
    const planted = [...FOUND.map((plant) => plant.code), ...ON_THIS_SIDE]
    expect(
      codesOf({ advice })
        .filter((one) => !LASTING.includes(one))
        .toSorted(),
    ).toEqual(planted.toSorted())
  })

  it("tells people the worst first, with SQL to copy, in colours only where somebody sees them", async () => {
    const { out } = await start(["doctor", "--production"], { DATABASE_URL: server.url }).ended
    // oxlint-disable-next-line no-control-regex -- They are what must not be there.
    expect(out).not.toMatch(/\u001B/)
    const marks = [...out.matchAll(/^(?<mark>[✗!i]) [A-Z0-9_]+ {2}/gm)].map(({ groups }) => groups?.["mark"] ?? "")
    expect(marks.length).toBeGreaterThanOrEqual(20)
    expect(marks).toEqual(marks.toSorted((one, other) => "✗!i".indexOf(one) - "✗!i".indexOf(other)))
    expect(out).toContain("    alter system set fsync = 'on';\n    select pg_reload_conf();\n")
    const forced = await run(["doctor", "--production", server.url], { FORCE_COLOR: "1" })
    expect(forced.out).toContain("\u001B[31m✗ FSYNC_OFF\u001B[39m")
    const onTerminal = (env: Readonly<Record<string, string>>) => run(["doctor", server.url], env, { isTTY: true })
    expect((await onTerminal({})).out).toContain("\u001B[36mi FSYNC_OFF\u001B[39m")
    expect((await onTerminal({ NO_COLOR: "1" })).out).not.toContain("\u001B")
  })

  it("prints SQL that mends what it is about: nothing of that is found afterwards", async () => {
    await server.run("delete from doubled")
    // It finds them a minute later, and ends them before it touches what they hold; here that is done for it.
    await server.run(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    )
    const { out } = await run(["doctor", "--production", "--fix-sql", server.url])
    for (const statement of statementsOf(out)) await server.run(statement)
    await server.restart()
    const left = codesOf(await doctor(server.url))
    const mended = FOUND.filter((plant) => plant.mended !== undefined).map(({ code }) => code)
    expect(mended.length).toBeGreaterThanOrEqual(20)
    expect(left.filter((code) => mended.includes(code))).toEqual([])
  })
})

/** As psql would take them one by one; `-- …` is a comment to it. */
function statementsOf(sql: string): readonly string[] {
  const lines = sql.split("\n").filter((line) => !line.startsWith("--"))
  return lines
    .join("\n")
    .split(/;\s*(?:\n|$)/)
    .filter((text) => text.trim() !== "")
}

describe("kysely-resilient doctor, of a sound server", () => {
  let server: ExaminedServer

  beforeAll(async () => {
    server = await startSoundServer()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it("raises no false alarm in the hardest environment, and ends with 0", async () => {
    const url = new URL(server.url)
    url.username = url.password = "app"
    url.searchParams.set("application_name", "sound")
    const { ok, code, advice, unchecked, checked } = await doctor(url.href, "--replicas", "4", "--strict")
    expect({ ok, code, advice, unchecked }).toEqual({ ok: true, code: 0, advice: [], unchecked: [] })
    expect(checked.length).toBeGreaterThan(PLANTS.length)
    const words = await run(["doctor", "--production", "--strict", url.href])
    expect(words.code).toBe(0)
    expect(words.out).toMatch(/^PostgreSQL [^\n]*\n50 checks in [^\n]*: all is well\n$/)
  })
})
