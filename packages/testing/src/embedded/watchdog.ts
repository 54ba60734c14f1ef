/**
 * The program of a small process that outlives its parent by a moment. The parent tells it, line by line, which
 * servers' folders it owns; when the pipe ends, for whatever reason (exit, Ctrl-C, a crash, SIGKILL), it ends those
 * servers and removes their folders. So the parent needs no signal handlers, and none could help against SIGKILL.
 */
import { createInterface } from "node:readline"
import { removeServer } from "./leftovers.ts"

const folders = new Set<string>()

// Whoever signals the parent's whole group must not reach us first.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => {})

const lines = createInterface({ input: process.stdin })
lines.on("line", (line) => {
  const folder = line.slice(2)
  if (line.startsWith("+ ")) folders.add(folder)
  else folders.delete(folder)
})
lines.on("close", () => {
  void Promise.all([...folders].map(removeServer)).then(() => process.exit(0))
})
