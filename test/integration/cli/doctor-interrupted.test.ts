/** `doctor` as a process, disturbed in the middle of its questions: what it could not ask is not taken for sound. */
import { beforeExecute, call, cut, serverFaults, startFaultProxy, type FaultProxy } from "@kysely-resilient/testing"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"

import { run, start } from "../../support/command-line.ts"
import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)
let proxy: FaultProxy
/** What the server of all tests has that is no note, so that nothing is left to find. */
let usual: readonly string[]

interface Told {
  readonly ok: boolean
  readonly advice: readonly { readonly code: string; readonly severity: string }[]
  readonly checked: readonly string[]
  readonly unchecked: readonly { readonly code: string; readonly what: string; readonly why: string }[]
}

beforeAll(async () => {
  proxy = await startFaultProxy({ target: database.url })
  const all = told((await run(["doctor", "--json", proxy.url(database.url)])).out)
  usual = all.advice.flatMap(({ code, severity }) => (severity === "info" ? [] : ["--ignore", code]))
})

afterEach(() => proxy.clearRules())
afterAll(() => proxy.close())

const told = (out: string): Told => JSON.parse(out) as Told

/** Before the third question. */
function end(): void {
  const terminate = call(({ backendPid }) => serverFaults.terminate({ url: database.adminUrl }, { backendPid }))
  proxy.rule({ when: beforeExecute(/invalidIndexes/), do: terminate })
}

describe("kysely-resilient doctor, whose session is ended while it asks", () => {
  it("ends with 2, and says which checks were not made and why; no right would help", async () => {
    end()
    const { code, out, err } = await start(["doctor", ...usual], { DATABASE_URL: proxy.url(database.url) }).ended
    expect({ code, err }).toEqual({ code: 2, err: "" })
    expect(out).toMatch(/^\d+ of \d+ checks in /m)
    expect(out).not.toMatch(/all is well|pg_monitor|LIMITED_VIEW/)
    expect(out).toMatch(
      /\n\? \d+ checks were not made: [^\n]*DEAD_ROWS[^\n]*\n {2}storage, sequences, replication, pg_stat_statements: server_shutdown: .*57P01\)\n {2}Run it again to have them made\n$/,
    )
  })

  it("tells programs the same", async () => {
    end()
    const { code, out } = await run(["doctor", "--json", ...usual, proxy.url(database.url)])
    const { ok, checked, unchecked } = told(out)
    expect({ code, ok }).toEqual({ code: 2, ok: false })
    expect(unchecked).toContainEqual({ code: "DEAD_ROWS", what: "storage", why: "server_shutdown" })
    expect(checked).not.toContain("DEAD_ROWS")
  })

  it("in comments where SQL is wanted", async () => {
    end()
    const { code, out } = await run(["doctor", "--fix-sql", ...usual, proxy.url(database.url)])
    expect(code).toBe(2)
    expect(out).toMatch(/^-- \d+ checks were not made: .*\n-- storage, .*: server_shutdown: /m)
    expect(out).not.toContain("pg_monitor")
  })

  it("is complete to who ignores all that was not made", async () => {
    proxy.rule({ when: beforeExecute(/'loaded', exists/), do: cut() })
    const ignore = [...usual, "--ignore", "STATEMENTS_NOT_TRACKED"]
    const { code, out } = await run(["doctor", ...ignore, proxy.url(database.url)])
    expect(code).toBe(0)
    expect(out).toMatch(/\n\? Not everything could be asked\n {2}pg_stat_statements: connection_failed: /)
  })

  it("still ends with 1 where it had found something", async () => {
    end()
    const { code } = await run(["doctor", "--strict", proxy.url(database.url)])
    expect(code).toBe(1)
  })
})
