import type { OwnServer } from "@kysely-resilient/testing"

/** From one life of the server to the next. */
interface Gap {
  readonly from: number
  until: number
}

/** The server in the hands of faults: it remembers when it was between two lives. */
export class ServerHand {
  readonly #server: OwnServer
  readonly #now: () => number
  readonly #gaps: Gap[] = []

  constructor(server: OwnServer, now: () => number) {
    this.#server = server
    this.#now = now
  }

  /** SIGKILL for one backend; resolves when the server is back. False if there was no such backend. */
  crashBackend(pid: number): Promise<boolean> {
    return this.#between(async () => {
      const killed = await this.#server.crashBackend(pid).then(
        () => true,
        () => false,
      )
      await this.#server.ready()
      return killed
    })
  }

  /** Down in one of three ways, for a while, and up again. */
  restart(how: "fast" | "immediate" | "power cut", pause: () => Promise<unknown>): Promise<void> {
    return this.#between(async () => {
      if (how === "fast") await this.#server.stopFast()
      else if (how === "immediate") await this.#server.stopImmediate()
      else await this.#server.crash()
      await pause()
      await this.#server.start()
      await this.#server.ready()
    })
  }

  /** Crashed, and then in recovery for a while. */
  recover(pause: () => Promise<unknown>): Promise<void> {
    return this.#between(async () => {
      await this.#server.stopImmediate()
      await this.#server.startRecovering()
      await pause()
      await this.#server.finishRecovery()
      await this.#server.ready()
    })
  }

  /** SIGSTOP for everything, or for one backend, while `pause` lasts. */
  async halt(backendPid: number | undefined, pause: () => Promise<unknown>): Promise<boolean> {
    try {
      await this.#server.pause(backendPid)
    } catch {
      // It ended by itself between somebody's looking and our halting.
      return false
    }
    try {
      await pause()
    } finally {
      await this.#server.resume(backendPid).catch(() => {})
    }
    return true
  }

  /** Whether the server that was there at `from` was gone before `until`. */
  restartedBetween(from: number, until: number): boolean {
    return this.#gaps.some((gap) => gap.from <= until && gap.until >= from)
  }

  /** How long of this time, at most without a pause, there was no server to be reached. */
  outageMs(from: number, until: number): number {
    const parts = this.#gaps.map((gap) => Math.min(gap.until, until) - Math.max(gap.from, from))
    return Math.max(0, ...parts)
  }

  async #between<T>(work: () => Promise<T>): Promise<T> {
    const gap: Gap = { from: this.#now(), until: Number.POSITIVE_INFINITY }
    this.#gaps.push(gap)
    try {
      return await work()
    } finally {
      gap.until = this.#now()
    }
  }
}
