import process from "node:process"

/** 128 and the signal's number, as shells say it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/** A package manager may pass on the same Ctrl-C that the terminal has sent to everybody; nobody presses twice that fast. */
const SAME_SIGNAL_MS = 500

export interface Interruption {
  /** Fires at the first Ctrl-C. A second one ends the process at once. */
  readonly signal: AbortSignal
  /** What to exit with once it has fired. */
  readonly exitCode: number
}

export function listenForInterruption(): Interruption {
  const controller = new AbortController()
  let first: { readonly exitCode: number; readonly at: number } | undefined
  for (const [name, exitCode] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (first !== undefined && performance.now() - first.at > SAME_SIGNAL_MS) process.exit(exitCode)
      first ??= { exitCode, at: performance.now() }
      controller.abort()
    })
  }
  return {
    signal: controller.signal,
    get exitCode() {
      return first?.exitCode ?? 0
    },
  }
}

/** From now on an error that nobody handles does not end the process: it is kept, and fails the run. */
export function collectUnhandled(): readonly string[] {
  const collected: string[] = []
  const collect = (reason: unknown) => void collected.push(String(reason))
  process.on("unhandledRejection", collect)
  process.on("uncaughtException", collect)
  return collected
}
