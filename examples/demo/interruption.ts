import process from "node:process"

/** 128 and the signal's number, as shells say it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

export interface Interruption {
  /** Fires at the first Ctrl-C. A second one ends the process at once. */
  readonly signal: AbortSignal
  /** What to exit with once it has fired. */
  readonly exitCode: number
}

export function listenForInterruption(): Interruption {
  const controller = new AbortController()
  let exitCode = 0
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(code)
      exitCode = code
      controller.abort()
    })
  }
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
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
