import type { Database } from "@kysely-resilient/core"
import type { Clock } from "@kysely-resilient/driver"

import type { Startup } from "./options.ts"

/** Whether this process should be sent requests; nothing that all of its kind share decides on that. */
export type Readiness = "starting" | "ready" | "draining"

export type Startable = Pick<Database<unknown>, "ready" | "closing">

export interface ReadinessParts {
  readonly db: Startable
  readonly clock: Clock
  /** `false`: ready from the first moment. A promise: when it is fulfilled too, and not with an Err. */
  readonly startup: false | Startup | undefined
}

/** Between two tries to open the first connections. */
const AGAIN_MS = 1_000

/** Long enough for a slow server, short enough to notice that it has come. */
const READY_MS = 10_000

/**
 *   starting ──a connection was had, and the start is done──▶ ready ──close(), SIGTERM, drain()──▶ draining
 *       └──────────────────────────────────────────────────────────────────────────────────────────▲
 *
 * A server that goes away later changes nothing: every instance sees that, and taking all of them out of service helps nobody.
 */
export class ReadinessState {
  readonly #parts: ReadinessParts
  #connected: boolean
  #done: boolean
  #draining = false
  #timer: { cancel(): void } | undefined

  constructor(parts: ReadinessParts) {
    this.#parts = parts
    const { startup, db } = parts
    this.#connected = startup === false
    this.#done = startup === false || startup === undefined
    db.closing.addEventListener("abort", this.drain, { once: true })
    if (db.closing.aborted) this.drain()
    if (!this.#connected) void this.#connect()
    if (startup !== false && startup !== undefined) this.#wait(startup)
  }

  get state(): Readiness {
    if (this.#draining) return "draining"
    return this.started ? "ready" : "starting"
  }

  get started(): boolean {
    return this.#connected && this.#done
  }

  readonly drain = (): void => {
    this.#draining = true
    this.#timer?.cancel()
  }

  close(): void {
    this.#parts.db.closing.removeEventListener("abort", this.drain)
    this.drain()
  }

  async #connect(): Promise<void> {
    if (this.#draining) return
    const { db, clock } = this.#parts
    const ready = await db.ready({ timeoutMs: READY_MS, signal: db.closing })
    if (ready.isOk()) this.#connected = true
    else if (!this.#draining) this.#timer = clock.after(AGAIN_MS, () => void this.#connect(), { background: true })
  }

  #wait(startup: Startup): void {
    const settle = (value: unknown): void => {
      this.#done = !isErr(value)
    }
    // Rejected: it has not started, and whoever gave the promise knows why.
    void startup.then(settle, () => {})
  }
}

function isErr(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("isErr" in value)) return false
  return typeof value.isErr === "function" && value.isErr() === true
}
