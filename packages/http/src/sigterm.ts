const told = new Set<() => void>()

/**
 * Calls `run` when the process is asked to end, and has been taught what to do then: a process that nobody taught ends at once by itself, and
 * listening to the signal would keep it from that. The function that is returned takes it back.
 */
export function onSigterm(run: () => void): () => void {
  if (told.size === 0) {
    process.on("newListener", follow)
    process.on("removeListener", leave)
    if (process.listenerCount("SIGTERM") > 0) process.prependListener("SIGTERM", hear)
  }
  told.add(run)
  return () => {
    told.delete(run)
    if (told.size > 0) return
    process.off("newListener", follow)
    process.off("removeListener", leave)
    process.off("SIGTERM", hear)
  }
}

function hear(): void {
  for (const run of told) run()
}

function follow(event: string | symbol, listener: unknown): void {
  if (event !== "SIGTERM" || listener === hear || process.listeners("SIGTERM").includes(hear)) return
  process.prependListener("SIGTERM", hear)
}

function leave(event: string | symbol, listener: unknown): void {
  if (event === "SIGTERM" && listener !== hear && process.listenerCount("SIGTERM") === 1) process.off("SIGTERM", hear)
}
