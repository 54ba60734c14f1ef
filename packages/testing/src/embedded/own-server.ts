import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { databaseUrl, type PostgresServer, type ServerOrigin } from "../server.ts"
import { withClient } from "../sql-client.ts"
import type { Programs } from "./binaries.ts"
import { release } from "./guard.ts"
import { removeServer } from "./leftovers.ts"
import type { LogLines } from "./log-lines.ts"
import { endServer, killServer } from "./postmaster.ts"
import { childrenOf, collected, signal } from "./processes.ts"
import { launch, type Running } from "./running.ts"

/** How long a fast shutdown may take: it rolls back, tells the clients and writes a checkpoint. */
const FAST_SHUTDOWN_MS = 30_000
/** How long a restart waits for its port, should somebody else have it for the moment. */
const SAME_PORT_MS = 10_000
const TRY_AGAIN_MS = 50

/**
 *   running ⇄ paused
 *      │  ╲________│
 *      ▼           ▼
 *     down ──▶ running        down: the data is there, no process
 *      │
 *      ▼
 *   removed                   nothing is left, and nothing comes back
 */
type State =
  | { readonly state: "running"; readonly running: Running }
  | { readonly state: "paused"; readonly running: Running; readonly family: readonly number[] }
  | { readonly state: "down" }
  | { readonly state: "removed" }

interface Setup {
  readonly origin: ServerOrigin
  readonly programs: Programs
  readonly folder: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly log: LogLines
  readonly startTimeoutMs: number
}

/** A PostgreSQL whose processes are ours, so that it can be hurt: crashed, halted, restarted on the same data. */
export class OwnServer implements PostgresServer {
  readonly #setup: Setup
  #state: State

  constructor(setup: Setup, running: Running) {
    this.#setup = setup
    this.#state = { state: "running", running }
  }

  get origin(): ServerOrigin {
    return this.#setup.origin
  }

  get description(): string {
    const { binDir, account } = this.#setup.programs
    const who = account === undefined ? "" : ` run by ${account.name}`
    return `PostgreSQL ${this.version} (${this.origin}, ${binDir}) on ${this.host}:${this.port}${who}`
  }

  readonly host: string = "127.0.0.1"

  get port(): number {
    return this.#setup.port
  }

  get user(): string {
    return this.#setup.user
  }

  get password(): string {
    return this.#setup.password
  }

  get version(): string {
    return this.#setup.programs.version
  }

  get url(): string {
    const { user, password, port } = this.#setup
    return databaseUrl(`postgres://${user}:${encodeURIComponent(password)}@${this.host}:${port}`, "postgres")
  }

  get dataDirectory(): string {
    return join(this.#setup.folder, "data")
  }

  /** The server's first process, the parent of all its backends; undefined while it is down. */
  get pid(): number | undefined {
    return "running" in this.#state ? this.#state.running.pid : undefined
  }

  logs(): readonly string[] {
    return this.#setup.log.last()
  }

  /** Waits until a query succeeds: after a crashed backend, say, or a crash restart. */
  async ready(timeoutMs: number = this.#setup.startTimeoutMs): Promise<void> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const problem = await withClient(this.url, (client) => client.query("select 1")).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (problem === undefined) return
      if (performance.now() > deadline) throw new Error(`no query succeeded in ${timeoutMs} ms`, { cause: problem })
      await sleep(TRY_AGAIN_MS)
    }
  }

  /** On the same port and data, after `stopFast`, `stopImmediate` or `crash`; then with recovery. */
  async start(): Promise<void> {
    await this.#launch({})
  }

  /**
   * Starts it so that it stays in recovery and lets nobody in (57P03), until `finishRecovery()`: after a crash with
   * much to recover, that can take minutes. It must be down.
   */
  async startRecovering(): Promise<void> {
    this.#mustBeDown()
    // With this file it goes on looking for more to recover, and without hot_standby nobody may look on.
    writeFileSync(this.#signalFile, "")
    await this.#launch({ hot_standby: "off" })
  }

  /** Starts it anew, on what it has recovered. The timeline stays: nobody has promoted it. */
  async finishRecovery(): Promise<void> {
    await this.stopImmediate()
    rmSync(this.#signalFile, { force: true })
    await this.start()
  }

  get #signalFile(): string {
    return join(this.dataDirectory, "standby.signal")
  }

  #mustBeDown(): void {
    if (this.#state.state !== "down") throw new Error(`cannot start a server that is ${this.#state.state}`)
  }

  async #launch(settings: Readonly<Record<string, string>>): Promise<void> {
    const { programs, port, log, startTimeoutMs } = this.#setup
    this.#mustBeDown()
    const deadline = performance.now() + SAME_PORT_MS
    for (;;) {
      const { dataDirectory } = this
      const launched = await launch({ programs, dataDirectory, port, log, timeoutMs: startTimeoutMs, settings })
      if (launched.ok) {
        this.#state = { state: "running", running: launched.running }
        return
      }
      if (!launched.portTaken || performance.now() > deadline) {
        throw new Error(`PostgreSQL did not start again: ${launched.problem}`)
      }
      await sleep(TRY_AGAIN_MS)
    }
  }

  /** Fast shutdown: clients are told (57P01), work is rolled back, data is written. */
  async stopFast(): Promise<void> {
    const { running } = this.#mustRun()
    signal(running.pid, "SIGINT")
    const ended = await Promise.race([running.ended().then(() => true), sleep(FAST_SHUTDOWN_MS, false, { ref: false })])
    if (!ended) throw new Error(`the server did not shut down in ${FAST_SHUTDOWN_MS} ms`)
    this.#state = { state: "down" }
  }

  /** Immediate shutdown: clients get a warning (57P02) at best, nothing is written, the next start recovers. */
  async stopImmediate(): Promise<void> {
    const { running } = this.#mustRun()
    await endServer(running.pid)
    await running.ended()
    this.#state = { state: "down" }
  }

  async restart(how: "fast" | "immediate" = "fast"): Promise<void> {
    await (how === "fast" ? this.stopFast() : this.stopImmediate())
    await this.start()
  }

  /** SIGKILL for all of its processes, as a power cut: clients only see their sockets end. The data stays. */
  async crash(): Promise<void> {
    const { running } = this.#mustRun()
    await killServer(running.pid)
    await running.ended()
    this.#state = { state: "down" }
  }

  /**
   * SIGKILL for one backend, as the kernel's memory killer does it: the server throws out all clients (with the warning 57P02, if it manages),
   * recovers and goes on. Resolves when the backend is gone; `ready()` tells when the server is back.
   *
   * @param pid of one of its backends (`pg_backend_pid()`); default: one that is made for the purpose
   */
  async crashBackend(pid?: number): Promise<void> {
    if (pid === undefined) {
      await withClient(this.url, async (client) => {
        const { rows } = await client.query("select pg_backend_pid() as pid")
        await this.crashBackend(Number(rows[0]?.["pid"]))
      })
      return
    }
    await this.#mustOwn(pid)
    signal(pid, "SIGKILL")
    await collected(pid, FAST_SHUTDOWN_MS)
  }

  /**
   * Halts the whole server, or one of its backends: sockets stay open and nobody answers. New connections are
   * accepted by the system and then hear nothing.
   */
  async pause(backendPid?: number): Promise<void> {
    if (backendPid !== undefined) {
      await this.#mustOwn(backendPid)
      signal(backendPid, "SIGSTOP")
      return
    }
    const { running } = this.#mustRun()
    if (process.platform === "win32") throw new Error("Windows cannot halt a process")
    // The parent first: then the list of its children is final.
    signal(running.pid, "SIGSTOP")
    const family = [running.pid, ...(await childrenOf(running.pid))]
    for (const pid of family) signal(pid, "SIGSTOP")
    this.#state = { state: "paused", running, family }
  }

  async resume(backendPid?: number): Promise<void> {
    if (backendPid !== undefined) {
      await this.#mustOwn(backendPid)
      signal(backendPid, "SIGCONT")
      return
    }
    if (this.#state.state !== "paused") return
    const { running, family } = this.#state
    for (const pid of family.toReversed()) signal(pid, "SIGCONT")
    this.#state = { state: "running", running }
  }

  /** Ends the server and removes its data. Again: does nothing. */
  async stop(): Promise<void> {
    if (this.#state.state === "removed") return
    const running = "running" in this.#state ? this.#state.running : undefined
    this.#state = { state: "removed" }
    // Nobody wants the data any more, so nothing need be written.
    if (running !== undefined) await endServer(running.pid)
    await running?.ended()
    await removeServer(this.#setup.folder)
    release(this.#setup.folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #mustRun(): { readonly running: Running } {
    if (this.#state.state === "running" || this.#state.state === "paused") return this.#state
    throw new Error(`the server is ${this.#state.state === "down" ? "down: start() it first" : "stopped for good"}`)
  }

  /** We send signals to processes of this server only, whatever number somebody passes. */
  async #mustOwn(pid: number): Promise<void> {
    const { running } = this.#mustRun()
    if ((await childrenOf(running.pid)).includes(pid)) return
    throw new Error(`process ${pid} is not a backend of this server`)
  }
}
