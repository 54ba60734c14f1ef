/** The part of a stream that is needed. */
export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** Where a command reads its surroundings and writes its answers; the process is one. */
export interface Surroundings {
  readonly stdout: Screen
  readonly stderr: Screen
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Done; not as it should be; the command line cannot be understood. */
export const EXIT = { ok: 0, failed: 1, misunderstood: 2 } as const

/** What a word of `kysely-resilient <word>` does. */
export interface Command {
  /** Gives the exit code; never rejects for what a person can do something about. */
  run(args: readonly string[], surroundings: Surroundings): Promise<number>
}
