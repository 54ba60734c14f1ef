import { inspect } from "node:util"

import type { Failure } from "@kysely-resilient/driver/src/failure/failure.ts"
import { describe, expect, it } from "vitest"

import { settingsOf, systemWith, type FakeFiles } from "./fake-system.ts"

const FILE = "/home/osuser/.pgpass"

/** The password, or the failure in place of one. */
async function passwordOf(
  connection: unknown,
  env: Record<string, string> = {},
  files: FakeFiles = {},
): Promise<string | Failure> {
  const asked = await settingsOf({ connection }, env, systemWith(files)).password()
  return asked.ok ? asked.value : asked.failure
}

describe("the password", () => {
  it.each<[string, unknown, Record<string, string>, FakeFiles]>([
    ["the object", { connectionString: "postgres://u:no@h/d", password: "yes" }, { PGPASSWORD: "no" }, {}],
    ["the connection string", "postgres://u:yes@h/d", { PGPASSWORD: "no" }, {}],
    ["a parameter", "postgres://u:no@h/d?password=yes", {}, {}],
    ["PGPASSWORD", "postgres://u@h/d", { PGPASSWORD: "yes" }, { [FILE]: "*:*:*:*:no" }],
    ["the password file", "postgres://u@h/d", {}, { [FILE]: "*:*:*:*:yes" }],
    [
      "the password file, when an empty one was given",
      "postgres://u@h/d?password=",
      { PGPASSWORD: "no" },
      { [FILE]: "*:*:*:*:yes" },
    ],
    ["PGPASSFILE", "postgres://u@h/d", { PGPASSFILE: "/x" }, { "/x": "*:*:*:*:yes", [FILE]: "*:*:*:*:no" }],
    ["passfile", "postgres://u@h/d?passfile=/y", { PGPASSFILE: "/x" }, { "/x": "*:*:*:*:no", "/y": "*:*:*:*:yes" }],
    ["HOME", "postgres://u@h/d", { HOME: "/other" }, { "/other/.pgpass": "*:*:*:*:yes", [FILE]: "*:*:*:*:no" }],
  ])("comes from %s", async (_, connection, env, files) => {
    expect(await passwordOf(connection, env, files)).toBe("yes")
  })

  it("comes from a function for every physical connection", async () => {
    let calls = 0
    const { password } = settingsOf({ connection: { host: "h", password: () => `token-${++calls}` } })
    expect([await password(), await password()]).toEqual([
      { ok: true, value: "token-1" },
      { ok: true, value: "token-2" },
    ])
  })

  it("comes from a function that takes its time, over a URL's", async () => {
    const connection = { connectionString: "postgres://u:no@h/d", password: () => Promise.resolve("yes") }
    expect(await passwordOf(connection)).toBe("yes")
  })

  it("is not asked for before a server wants it", () => {
    let calls = 0
    settingsOf({ connection: { host: "h", password: () => `${++calls}` } })
    expect(calls).toBe(0)
  })

  it.each([
    [undefined, "undefined"],
    [5, "5"],
    ["", "an empty string"],
    [null, "null"],
  ])("is a failure when its function returns %o", async (value, shown) => {
    expect(await passwordOf({ host: "h", password: () => value })).toMatchObject({
      kind: "authentication_failed",
      message: `The function that gives the password returned ${shown} instead of one.`,
    })
  })

  it.each<[string, () => unknown]>([
    ["rejects", () => Promise.reject(new Error("token service answered 503"))],
    [
      "throws",
      () => {
        throw new Error("token service answered 503")
      },
    ],
  ])("is a failure that may be tried again when its function %s", async (_, password) => {
    expect(await passwordOf({ host: "h", password })).toMatchObject({
      kind: "authentication_failed",
      retry: "statement",
      cause: new Error("token service answered 503"),
    })
  })

  it("is not seen by whoever prints the settings", () => {
    const settings = settingsOf({ connection: "postgres://u:hunter2@h/d" })
    expect(inspect(settings, { depth: Infinity, showHidden: true })).not.toContain("hunter2")
    expect(JSON.stringify(settings)).not.toContain("hunter2")
  })
})

describe("the password file", () => {
  it.each([
    ["every field", "h:5432:d:u:yes"],
    ["a star", "*:*:*:*:yes"],
    ["the first line that fits", "other:*:*:*:no\nh:*:*:*:yes\n*:*:*:*:no"],
    ["a line after a comment", "#*:*:*:*:no\n*:*:*:*:yes"],
    ["a line with Windows' end", "*:*:*:*:yes\r\n"],
    ["a line after one that is broken", "*:*\n\n*:*:*:*:yes"],
    ["a line after one without a password", "*:*:*:*:\n*:*:*:*:yes"],
    ["a password up to its colon, as libpq", "*:*:*:*:yes:rest"],
    ["a password with what is escaped", String.raw`*:*:*:*:\y\es`],
  ])("is read by %s", async (_, text) => {
    expect(await passwordOf("postgres://u@h/d", {}, { [FILE]: text })).toBe("yes")
  })

  it("has colons and backslashes escaped", async () => {
    const text = String.raw`\:\:1:*:*:*:a\:b\\c`
    expect(await passwordOf("postgres://u@[::1]/d", {}, { [FILE]: text })).toBe(String.raw`a:b\c`)
  })

  it("calls the usual socket directory localhost, and the name, not the address to dial, its host", async () => {
    const files = { [FILE]: "localhost:*:*:*:local\ndb:*:*:*:named" }
    expect(await passwordOf("postgres://u@%2Fvar%2Frun%2Fpostgresql/d", {}, files)).toBe("local")
    expect(await passwordOf("host=db hostaddr=10.0.0.1 user=u", {}, files)).toBe("named")
  })

  it.each<[string, FakeFiles, string]>([
    ["it does not exist", {}, `the password file ${FILE} does not exist`],
    [
      "no line fits",
      { [FILE]: "other:*:*:*:p" },
      `the password file ${FILE} has no line for this host, port, database and user`,
    ],
    [
      "others may read it",
      { [FILE]: { text: "*:*:*:*:p", mode: 0o100640 } },
      `the password file ${FILE} can be read by others and is therefore ignored (chmod 0600 helps)`,
    ],
  ])("is named in the failure when %s", async (_, files, why) => {
    expect(await passwordOf("postgres://u@h/d", {}, files)).toMatchObject({
      kind: "authentication_failed",
      retry: "never",
      message:
        "The server asks for a password, and there is none for user u: " +
        `no option, no connection string and no PGPASSWORD gives one, and ${why}. Give one of them.`,
    })
  })

  it("is looked for in its own place on Windows, where permissions say nothing", async () => {
    const path = String.raw`C:\Users\ann\AppData\postgresql\pgpass.conf`
    const system = systemWith({ [path]: { text: "*:*:*:*:yes", mode: 0o100666 } }, { windows: true })
    const { password } = settingsOf(
      { connection: "postgres://u@h/d" },
      { APPDATA: String.raw`C:\Users\ann\AppData` },
      system,
    )
    expect(await password()).toEqual({ ok: true, value: "yes" })
  })
})
