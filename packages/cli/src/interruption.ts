import type { EventEmitter } from "node:events"

/** 128 and the signal's number, as shells say it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/** A package manager may pass on the same Ctrl-C that the terminal has sent to everybody; nobody presses twice that fast. */
const SAME_SIGNAL_MS = 500

type Process = EventEmitter & { exit(code: number): void }

/** Ctrl-C ends the drill early, with its checks; a second one ends the process at once. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController()
  readonly #stop: (() => void)[] = []
  #first: { readonly exitCode: number; readonly at: number } | undefined

  constructor(process: Process) {
    for (const [name, exitCode] of Object.entries(EXIT_CODES)) {
      const onSignal = (): void => {
        const now = performance.now()
        if (this.#first !== undefined && now - this.#first.at > SAME_SIGNAL_MS) process.exit(exitCode)
        this.#first ??= { exitCode, at: now }
        this.#controller.abort()
      }
      process.on(name, onSignal)
      this.#stop.push(() => process.off(name, onSignal))
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get exitCode(): number {
    return this.#first?.exitCode ?? 0
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stop) stop()
  }
}

/** From now on an error that nobody handles does not end the process: it is kept, and fails the drill. */
export function collectUnhandled(process: EventEmitter): Disposable & { readonly collected: readonly string[] } {
  const collected: string[] = []
  const collect = (reason: unknown): void => {
    collected.push(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason))
  }
  const names = ["unhandledRejection", "uncaughtException"]
  for (const name of names) process.on(name, collect)
  return {
    collected,
    [Symbol.dispose]() {
      for (const name of names) process.off(name, collect)
    },
  }
}
