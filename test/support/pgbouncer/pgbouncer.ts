import { databaseUrl } from "@kysely-resilient/testing"
import { freePort } from "@kysely-resilient/testing/src/embedded/port.ts"
import { withClient } from "@kysely-resilient/testing/src/sql-client.ts"

import { beginLife, type Life } from "./life.ts"
import type { PgBouncerProgram } from "./program.ts"

export interface PgBouncerOptions {
  readonly program: PgBouncerProgram
  /** Of the server behind it: TCP, with the user and password that PgBouncer logs in with. */
  readonly target: string
  readonly poolMode?: "transaction" | "session" | "statement"
  /** Of pgbouncer.ini, in its words: `{ query_wait_timeout: 1 }`. */
  readonly settings?: Readonly<Record<string, string | number>>
  /** Who may log in besides the target's user. */
  readonly users?: Readonly<Record<string, string>>
}

/** A PgBouncer of our own in front of a server, on a port that it keeps over restarts. */
export class PgBouncer implements AsyncDisposable {
  readonly port: number
  readonly #options: PgBouncerOptions
  #life: Life | undefined

  private constructor(options: PgBouncerOptions, port: number, life: Life) {
    this.#options = options
    this.port = port
    this.#life = life
  }

  static async start(options: PgBouncerOptions): Promise<PgBouncer> {
    let problem = ""
    // Between our finding a free port and its taking it, another process may be faster.
    for (let tries = 1; tries <= 5; tries += 1) {
      const port = await freePort()
      const born = await beginLife(lifeOptions(options, port))
      if (born.ok) return new PgBouncer(options, port, born.life)
      problem = born.problem
    }
    throw new Error(`PgBouncer did not start: ${problem}`)
  }

  /** The same database and user as `url`, by way of PgBouncer. */
  url(url: string): string {
    const through = new URL(url)
    through.host = `127.0.0.1:${this.port}`
    return through.href
  }

  get pid(): number | undefined {
    return this.#life?.pid
  }

  /** What this process of it has said. */
  logs(): string {
    return this.#life?.logs() ?? ""
  }

  /** A command of its console, as PAUSE, RESUME, KILL, RECONNECT, `SHOW POOLS`. */
  async command(text: string): Promise<readonly Record<string, unknown>[]> {
    const console = databaseUrl(this.url(this.#options.target), "pgbouncer")
    return withClient(console, async (client) => (await client.query(text)).rows)
  }

  /** Resolves when every server connection is free; until `resume`, clients that want one wait. */
  async pause(): Promise<void> {
    await this.command("PAUSE")
  }

  async resume(): Promise<void> {
    await this.command("RESUME")
  }

  /** Ends in an orderly way: every client's socket is closed at once. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM")
  }

  /** SIGKILL. */
  async crash(): Promise<void> {
    await this.#end("SIGKILL")
  }

  /** After `stop` or `crash`, on the same port. */
  async start(): Promise<void> {
    if (this.#life !== undefined) throw new Error("PgBouncer runs already")
    const born = await beginLife(lifeOptions(this.#options, this.port))
    if (!born.ok) throw new Error(`PgBouncer did not start again: ${born.problem}`)
    this.#life = born.life
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #end(by: "SIGTERM" | "SIGKILL"): Promise<void> {
    const life = this.#life
    this.#life = undefined
    await life?.end(by)
  }
}

function lifeOptions(options: PgBouncerOptions, port: number): Parameters<typeof beginLife>[0] {
  const { program, target, poolMode = "transaction", settings = {}, users = {} } = options
  if ("missing" in program) throw new Error(`There is no PgBouncer: ${program.missing}`)
  const server = new URL(target)
  const user = decodeURIComponent(server.username)
  const passwords = { ...users, [user]: decodeURIComponent(server.password) }
  const filesIn = (folder: string): Record<string, string> => ({
    "users.txt": Object.entries(passwords)
      .map(([name, password]) => `${quoted(name)} ${quoted(password)}\n`)
      .join(""),
    "pgbouncer.ini": ini({
      databases: { "*": `host=${server.hostname} port=${server.port || 5432}` },
      pgbouncer: {
        listen_addr: "127.0.0.1",
        listen_port: port,
        unix_socket_dir: "",
        auth_type: "scram-sha-256",
        auth_file: `${folder}/users.txt`,
        admin_users: user,
        pool_mode: poolMode,
        max_client_conn: 200,
        default_pool_size: 20,
        ...settings,
      },
    }),
  })
  return { program: program.path, port, filesIn }
}

function ini(sections: Readonly<Record<string, Readonly<Record<string, string | number>>>>): string {
  return Object.entries(sections)
    .map(([name, values]) => {
      const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}\n`)
      return `[${name}]\n${lines.join("")}`
    })
    .join("\n")
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
