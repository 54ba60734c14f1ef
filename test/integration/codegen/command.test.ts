import { execFile } from "node:child_process"
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { generate, verify } from "@kysely-resilient/codegen-config"
import { describe, expect, it } from "vitest"
import { testDatabase } from "../../support/databases.ts"
import { scratchFolder } from "./type-check.ts"

const bin = fileURLToPath(new URL("../../../packages/codegen-config/src/bin.ts", import.meta.url))

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query(`create table user_account (user_id int primary key, full_name text);
      create schema empty; create schema twins; create table twins.t (a_b int, "aB" int); create table twins."d_b" (a int)`)
  },
})

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/**
 * Runs the command as a user does: a process of its own, with nothing in its environment that says where the database
 * is.
 */
function command(folder: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const options = { cwd: folder, env: { PATH: process.env["PATH"], ...environment } }
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], options, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    )
  })
}

async function writeConfig(folder: string, options: string, name = "codegen.config.ts"): Promise<void> {
  const text = `import { defineCodegen, type CodegenConfig } from "@kysely-resilient/codegen-config"
const config: CodegenConfig = { outFile: "./db/schema.gen.ts"${options} }
export default defineCodegen(config)
`
  await writeFile(join(folder, name), text)
}

describe("the command", () => {
  it("writes the file beside its configuration, says that it is right, and says what is wrong once it is not", async () => {
    await using folder = await scratchFolder()
    await writeConfig(folder.path, "")
    const environment = { DATABASE_URL: database.url }

    expect(await command(folder.path, ["verify"], environment)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/schema\.gen\.ts does not exist: generate it/),
    })
    const written = await command(folder.path, ["generate"], environment)
    expect(written).toMatchObject({ code: 0, err: "" })
    expect(written.out).toMatch(/db\/schema\.gen\.ts was written: 1 tables and views \([0-9a-f]{16}\)\n$/)
    expect((await command(folder.path, ["generate"], environment)).out).toMatch(/was already up to date/)
    expect(await command(folder.path, ["verify"], environment)).toMatchObject({ code: 0, err: "" })

    const client = await database.connect()
    await client.query("alter table user_account alter full_name set not null")
    expect(await command(folder.path, ["verify"], environment)).toEqual({
      code: 1,
      out: "",
      err: `${join(folder.path, "db/schema.gen.ts")} is not what the database says any more: generate it again, or migrate the database
  user_account.full_name: nullable is true in the file and false in the database
`,
    })
    await client.query("alter table user_account alter full_name drop not null")
  })

  it("says where it cannot write or read, and leaves nothing behind", async () => {
    await using folder = await scratchFolder()
    await writeConfig(folder.path, "")
    await writeFile(join(folder.path, "db"), "a file where a folder should be")
    const environment = { DATABASE_URL: database.url }
    for (const name of ["generate", "verify"]) {
      const ended = await command(folder.path, [name], environment)
      expect(ended).toMatchObject({ code: 2, out: "" })
      expect(ended.err).toMatch(/^The codegen configuration is wrong: outFile cannot be read: ENOTDIR: .*\.gen\.ts'\n$/)
    }
    await rm(join(folder.path, "db"))
    await symlink(join(folder.path, "nowhere", "at", "all"), join(folder.path, "db"))
    const unwritten = await command(folder.path, ["generate"], environment)
    expect(unwritten).toMatchObject({ code: 2, err: expect.stringMatching(/outFile cannot be written: E/) })
    expect((await readdir(folder.path)).toSorted()).toEqual(["codegen.config.ts", "db"])
  })

  it("writes one file whole, though several write it at once", async () => {
    await using folder = await scratchFolder()
    const config = { connection: database.url, outFile: join(folder.path, "schema.ts") }
    await Promise.all([generate(config), generate(config), generate(config)])
    expect(await readdir(folder.path)).toEqual(["schema.ts"])
    expect((await verify(config)).state).toBe("current")
  })

  it("takes another configuration, and everything else from it", async () => {
    await using folder = await scratchFolder()
    const options = `, connection: ${JSON.stringify(database.url)}, camelCase: true`
    await writeConfig(folder.path, options, "other.ts")
    expect(await command(folder.path, ["generate", "--config", "other.ts"])).toMatchObject({ code: 0 })
    const text = await readFile(join(folder.path, "db/schema.gen.ts"), "utf8")
    expect(text).toMatch(/export interface UserAccount \{\n {2}fullName: string \| null;\n {2}userId: number;\n\}/)
    expect(text).toMatch(/export interface DB \{\n {2}userAccount: UserAccount;\n\}/)
    // What a program compares with a database is named as the database names it.
    expect(text).toMatch(/"user_account": \{\n.*\n.*\n {8}"full_name": /)
    // And what queries meet as they name it.
    expect(text).toMatch(/user_account_pkey: \{ readonly kind: "unique"; readonly columns: readonly \["userId"\] \}/)
  })

  it.each([
    ["no configuration", 2, "verify", undefined, {}, /there is no configuration file at .*codegen\.config\.ts/],
    [
      "a wrong one",
      2,
      "generate",
      ', camelCase: "yes" as never, connection: 7 as never',
      {},
      /has 2 problems:\n {2}- /,
    ],
    ["one that throws", 2, "diff", ", schemas: [].at(0).x", {}, /codegen\.config\.ts cannot be run: TypeError: /],
    [
      "no server",
      3,
      "generate",
      "",
      { DATABASE_URL: "postgres://me:secret@127.0.0.1:1/x" },
      /^Cannot reach the database: .*ECONNREFUSED/,
    ],
    [
      "no readable address",
      3,
      "verify",
      "",
      { DATABASE_URL: "postgres://me:secret@:x:y/x" },
      /^(The connection string cannot be read|Cannot reach the database): /,
    ],
  ] as const)(
    "ends with one clear message and no stack if there is %s",
    async (_, exitCode, name, options, environment, message) => {
      await using folder = await scratchFolder()
      if (options !== undefined) await writeConfig(folder.path, options)
      const { code, err } = await command(folder.path, [name], environment)
      expect(code).toBe(exitCode)
      expect(err).toMatch(message)
      expect(err).not.toMatch(/\n {4}at |secret/)
    },
  )

  it("says what generate would change, in the database's words and in the file's, and changes nothing", async () => {
    await using folder = await scratchFolder()
    await writeConfig(folder.path, "")
    const environment = { DATABASE_URL: database.url }
    const file = join(folder.path, "db/schema.gen.ts")
    const nothing = await command(folder.path, ["diff"], environment)
    expect(nothing).toMatchObject({ code: 1, out: expect.stringMatching(/\n\+export interface UserAccount \{\n/) })
    await command(folder.path, ["generate"], environment)
    expect(await command(folder.path, ["diff"], environment)).toEqual({
      code: 0,
      out: `${file} would not change\n`,
      err: "",
    })
    const client = await database.connect()
    await client.query("alter table user_account rename full_name to name")
    try {
      const before = await readFile(file, "utf8")
      const { code, out } = await command(folder.path, ["diff"], environment)
      expect(code).toBe(1)
      expect(out).toMatch(/would change\n {2}user_account\.full_name: is called name in the database\n\n--- /)
      expect(out).toMatch(/\n export interface UserAccount \{\n- {2}full_name: string \| null;\n\+ {2}name: /)
      expect(await readFile(file, "utf8")).toBe(before)
    } finally {
      await client.query("alter table user_account rename name to full_name")
    }
  })

  it("takes the policy from a module, as the generated file does, and says what is wrong with it", async () => {
    await using folder = await scratchFolder()
    const environment = { DATABASE_URL: database.url }
    await writeConfig(folder.path, ', types: "./db/policy.ts#types"')
    const wrong = await command(folder.path, ["generate"], environment)
    expect(wrong).toMatchObject({
      code: 2,
      err: expect.stringMatching(/the policy's module \.\/db\/policy\.ts cannot be loaded/),
    })
    await mkdir(join(folder.path, "db"))
    const policy = `import { policy } from "@kysely-resilient/core/schema"
export const types = policy({ "pg_catalog.int4": { ts: "Count", from: "./count.ts", parse: (text) => ({ count: Number(text) }) } })
`
    await writeFile(join(folder.path, "db/policy.ts"), policy.replace("types", "others"))
    expect((await command(folder.path, ["generate"], environment)).err).toMatch(
      /exports no policy that is called types/,
    )
    // A module that was loaded once is not loaded again, so this one has another name.
    await writeConfig(folder.path, ', types: "./db/policy2.ts#types"')
    await writeFile(join(folder.path, "db/policy2.ts"), policy)
    expect(await command(folder.path, ["generate"], environment)).toMatchObject({ code: 0 })
    const text = await readFile(join(folder.path, "db/schema.gen.ts"), "utf8")
    expect(text).toContain('import type { Count } from "./count.ts";\n')
    expect(text).toContain('import { types } from "./policy2.ts";\n')
    expect(text).toContain("  policy: types,\n")
    expect(text).toMatch(/^export type Int4 = ColumnType<Count, string, string>;$/m)
  })

  it("refuses what is not a command, and explains itself", async () => {
    await using folder = await scratchFolder()
    for (const args of [[], ["differ"], ["generate", "now"], ["verify", "--fast"]]) {
      expect(await command(folder.path, args)).toMatchObject({ code: 2, err: expect.stringMatching(/\n\nUsage: /) })
    }
    expect(await command(folder.path, ["--help"])).toMatchObject({ code: 0, out: expect.stringMatching(/^Usage: /) })
  })
})

describe("generate", () => {
  it.each([
    [["nowhere"], "The database has no schema nowhere"],
    [["empty"], "There are no tables in empty: is it the right database?"],
  ])("refuses %s rather than writing types of nothing", async (schemas, message) => {
    await using folder = await scratchFolder()
    const outFile = join(folder.path, "schema.gen.ts")
    await expect(generate({ connection: database.url, schemas, outFile })).rejects.toThrow(message)
    await expect(readFile(outFile)).rejects.toThrow("ENOENT")
  })

  it("refuses names that would become one in TypeScript", async () => {
    const config = { connection: database.url, schemas: ["twins"], outFile: "/nowhere/schema.gen.ts" }
    await expect(generate({ ...config, camelCase: true })).rejects.toThrow(
      "In camelCase t.a_b and t.aB would both be aB",
    )
  })
})

describe("verify", () => {
  it("does not take just any file for a generated one, nor a checkout of another system for an edited one", async () => {
    await using folder = await scratchFolder()
    const outFile = join(folder.path, "schema.gen.ts")
    const config = { connection: database.url, outFile }
    await writeFile(outFile, "export const schema = {}\n")
    expect(await verify(config)).toEqual({ state: "foreign", outFile })
    await generate(config)
    const text = await readFile(outFile, "utf8")
    await writeFile(outFile, text.replaceAll("\n", "\r\n"))
    expect(await verify(config)).toMatchObject({ state: "current" })
    await writeFile(outFile, text.replace("full_name: string | null", "full_name: string"))
    expect(await verify(config)).toMatchObject({ state: "rewritten", file: "  full_name: string;" })
    await writeFile(outFile, text.slice(0, -20))
    expect(await verify(config)).toMatchObject({ state: "foreign" })
  })
})
