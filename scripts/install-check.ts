/**
 * Installs the packages as a stranger would: `npm install` of the tarballs in an empty project, on the oldest Node that
 * they promise to work with. There the README's examples must pass the compiler, the newest and the oldest promised, and run.
 *
 *     node scripts/install-check.ts [folder with tarballs]
 */
import { spawnSync } from "node:child_process"
import { copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"

import { adviceOf } from "@kysely-resilient/core/src/advice/advice.ts"
import { MEMORY_RULES } from "@kysely-resilient/core/src/advice/memory-rules.ts"
import { SERVER_RULES } from "@kysely-resilient/core/src/advice/server-rules.ts"
import { docsOf } from "@kysely-resilient/core/src/errors/docs.ts"
import { REMEDIES } from "@kysely-resilient/core/src/errors/remedies.ts"
import { isolatedDatabase, startPostgres } from "@kysely-resilient/testing"
import { Client } from "pg"

import { anchorsOf } from "./docs/links.ts"
import { root } from "./docs/pages.ts"
import { pack, packages, tarball, versionOf } from "./packages.ts"

const OLDEST_NODE = "22.12.0"
const OLDEST_TYPESCRIPT = "5.9.3"

/** For the slowest step, npm with an empty cache on a slow network. */
const LIMIT_MS = 300_000

/**
 * Declarations must not need these: pg brings no types of its own, and whoever uses ours need not install any. But whoever
 * wants a `pg.Pool` has them.
 */
const PG_TYPES = /\b(?:from|import)\b[\s(]*["'](?:pg|pg-[a-z-]+)["'/]|reference types="pg/

const PG_POOL = /driver\/dist\/(?:pg-pool\/|resilient-pool\.)/

/** What each example prints, one after the other on the same database. */
const EXAMPLES = {
  dialect: "Rich: ann\n",
  "ten-lines": "Ann has 100\nBob has 70\n",
  "from-pg": "Ann has 30\nAnn has too little\n",
}

/** An application with an endpoint, which asks the command line about itself. */
const APPLICATION = `
import { spawn } from "node:child_process"
import { createServer } from "node:http"
import { createDatabase } from "@kysely-resilient/core"
import { fetchListener } from "@kysely-resilient/http/node"

const db = createDatabase()
await db.query("select 1")
const server = createServer(fetchListener(db, () => new Response(), { expose: "full" })).listen(0, "127.0.0.1", () => {
  const [, , command, ...rest] = process.argv
  const address = "http://127.0.0.1:" + server.address().port
  const child = spawn("kysely-resilient", [command, address, ...rest], { stdio: "inherit" })
  child.on("close", (code) => process.exit(code))
})
`

/** An error's `docs`, and where Node finds that page by its name. */
const DOCS_PROGRAM = `
import { readFileSync } from "node:fs"
import { createDatabase } from "@kysely-resilient/core"

const db = createDatabase({ connection: "postgres://nobody@127.0.0.1:1/none", retry: false })
const result = await db.query("select 1")
if (result.isOk()) throw new Error("Somebody answered")
const [path, anchor] = result.error.docs.split("#")
if (!readFileSync(path, "utf8").includes('<a id="' + anchor + '">')) throw new Error("No " + result.error.docs)
readFileSync(new URL(import.meta.resolve("@kysely-resilient/core/docs/errors.md")))
await db.close()
`

/** Everything public, so that the compiler reads every declaration and Node every module. */
const ENTRIES = [
  "@kysely-resilient/driver",
  "@kysely-resilient/driver/pg-pool",
  "@kysely-resilient/core",
  "@kysely-resilient/core/errors",
  "@kysely-resilient/core/policy-check",
  "@kysely-resilient/core/schema",
  "@kysely-resilient/core/schema-check",
  "@kysely-resilient/core/testing",
  "@kysely-resilient/codegen-config",
  "@kysely-resilient/telemetry/otel",
  "@kysely-resilient/telemetry/pino",
  "@kysely-resilient/telemetry/prometheus",
  "@kysely-resilient/http",
  "@kysely-resilient/http/express",
  "@kysely-resilient/http/fastify",
  "@kysely-resilient/http/hono",
  "@kysely-resilient/http/next",
  "@kysely-resilient/http/node",
  "@kysely-resilient/testing",
  "@kysely-resilient/testing/core",
  "@kysely-resilient/testing/node-test",
  "@kysely-resilient/cli",
]

const project = mkdtempSync(join(tmpdir(), "kysely-resilient-install-"))
try {
  install(process.argv[2] ?? packAll())
  refusePgTypes()
  followDocs()
  compile("typescript")
  compile("typescript-oldest")
  const version = inProject(["node", "--version"]).trim()
  if (version !== `v${OLDEST_NODE}`) throw new Error(`The examples would run on Node ${version}, not on ${OLDEST_NODE}`)
  inProject(["node", "out/entries.js"])
  inProject(["kysely-resilient-codegen", "--help"])
  for (const command of ["status", "watch", "doctor", "codegen", "drill"])
    inProject(["kysely-resilient", command, "--help"])
  await onADatabase(async (url) => {
    runExamples(url)
    runCommandLine(url)
  })
  console.log(`installed, compiled and run on Node ${OLDEST_NODE}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(project, { recursive: true, force: true })
}

function packAll(): string {
  for (const name of packages) pack(name, project)
  return project
}

function install(tarballs: string): void {
  const ours = packages.map((name) => tarball(name, tarballs))
  const theirs = ["kysely", "pg", "neverthrow", "@opentelemetry/api", "typescript", "@types/node", "@types/pg"].map(
    (name) => `${name}@${versionOf(join(root, "node_modules", name))}`,
  )
  const oldest = [`node@${OLDEST_NODE}`, `typescript-oldest@npm:typescript@${OLDEST_TYPESCRIPT}`]
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }))
  inProject(["npm", "install", "--no-audit", "--no-fund", "--loglevel", "error", ...ours, ...theirs, ...oldest])
}

function refusePgTypes(): void {
  const declarations = globSync("node_modules/@kysely-resilient/*/dist/**/*.d.ts", { cwd: project })
  if (declarations.length === 0) throw new Error("There are no declarations")
  const guilty = declarations.filter(
    (file) => !PG_POOL.test(file) && PG_TYPES.test(readFileSync(join(project, file), "utf8")),
  )
  if (guilty.length > 0) throw new Error(`These declarations need pg's types:\n${guilty.join("\n")}`)
}

/** What every error and every piece of advice names is a place in a page that is there. */
function followDocs(): void {
  const advised = [...MEMORY_RULES, ...SERVER_RULES].map(
    ({ code }) => adviceOf(code, { severity: "info", message: "", action: "", evidence: {} }, 0).docs,
  )
  const dead = [...Object.keys(REMEDIES).map(docsOf), ...advised].filter((link) => {
    const [path = "", anchor = ""] = link.split("#")
    const file = join(project, path)
    return !existsSync(file) || !anchorsOf(readFileSync(file, "utf8")).has(anchor)
  })
  if (dead.length > 0) throw new Error(`These lead nowhere:\n${dead.join("\n")}`)
  writeFileSync(join(project, "docs.js"), DOCS_PROGRAM)
  inProject(["node", "docs.js"])
}

function compile(compiler: string): void {
  for (const name of Object.keys(EXAMPLES)) copyFileSync(join(root, `examples/${name}.ts`), join(project, `${name}.ts`))
  const imports = ENTRIES.map((entry, index) => `import * as entry${index} from "${entry}"`)
  const used = `for (const entry of [${ENTRIES.map((_, index) => `entry${index}`).join(", ")}]) Object.keys(entry)`
  writeFileSync(join(project, "entries.ts"), [...imports, used].join("\n"))
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({
      // Every declaration is read in full, in ours and in what ours need.
      compilerOptions: {
        module: "nodenext",
        target: "es2023",
        types: ["node"],
        strict: true,
        skipLibCheck: false,
        outDir: "out",
      },
      include: ["*.ts"],
    }),
  )
  inProject(["node", `node_modules/${compiler}/bin/tsc`, "-p", "."])
}

async function onADatabase(work: (url: string) => Promise<void>): Promise<void> {
  await using server = await startPostgres()
  await using database = await isolatedDatabase(server, { name: "install-check" })
  const client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(readFileSync(join(root, "examples/accounts.sql"), "utf8"))
  await client.end()
  await work(database.url)
}

function runExamples(url: string): void {
  for (const [name, expected] of Object.entries(EXAMPLES)) {
    const said = inProject(["node", `out/${name}.js`], { DATABASE_URL: url })
    if (said !== expected) throw new Error(`${name} said ${JSON.stringify(said)} and not ${JSON.stringify(expected)}`)
  }
}

function runCommandLine(url: string): void {
  const env = { DATABASE_URL: url }
  const say = (said: string, expected: RegExp): void => {
    if (!expected.test(said)) throw new Error(`The command line said ${JSON.stringify(said)}, which is not ${expected}`)
  }
  writeFileSync(join(project, "application.js"), APPLICATION)
  writeFileSync(
    join(project, "codegen.config.ts"),
    `import { defineCodegen, type CodegenConfig } from "@kysely-resilient/codegen-config"
const config: CodegenConfig = { outFile: "./schema.gen.ts" }
export default defineCodegen(config)`,
  )
  say(inProject(["kysely-resilient", "--version"]), /^\d+\.\d+\.\d+\n$/)
  say(inProject(["kysely-resilient", "status"], env), /^healthy/)
  say(inProject(["node", "application.js", "status"], env), /^healthy/)
  say(inProject(["node", "application.js", "watch", "--seconds", "2"], env), /healthy {2}\d+ \/s/)
  say(inProject(["kysely-resilient", "doctor", "--json", "--development"], env), /^{"ok":true/)
  say(inProject(["kysely-resilient", "codegen", "generate"], env), /was written: \d+ tables/)
  say(inProject(["kysely-resilient", "codegen", "verify"], env), /is what the database says/)
}

/** Runs a program with what the project has installed, its Node first, and gives what it printed. */
function inProject(
  [program = "", ...parameters]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  const path = [join(project, "node_modules/.bin"), process.env["PATH"]].join(delimiter)
  const options = {
    cwd: project,
    encoding: "utf8",
    env: { ...process.env, ...env, PATH: path },
    timeout: LIMIT_MS,
  } as const
  const { status, stdout, stderr, error } = spawnSync(program, parameters, options)
  if (status === 0) return stdout
  throw new Error(
    `${program} ${parameters.join(" ")} failed: ${error?.message ?? `exit code ${status}`}\n${stdout}${stderr}`,
  )
}
