import { untouched } from "@kysely-resilient/driver/src/failure/effect.ts"
import type { Evidence } from "@kysely-resilient/driver/src/failure/effect.ts"
import type { Phase } from "@kysely-resilient/driver/src/failure/failure.ts"

/** A statement whose bytes were handed to the socket, and nothing else seen. */
export function sent(phase: Phase, change: Partial<Evidence> = {}): Evidence {
  return { ...untouched(phase), sent: true, ...change }
}

/** An ErrorResponse as pg's parser gives it. */
export function serverError(code: string, change: Record<string, unknown> = {}): Error {
  const signed = { severity: "ERROR", file: "some.c", line: "1", routine: "some_routine" }
  return Object.assign(new Error("something the server said"), { name: "error", code, ...signed, ...change })
}

export function fatal(code: string, change: Record<string, unknown> = {}): Error {
  return serverError(code, { severity: "FATAL", ...change })
}

/** What a pooler says: unsigned, and with PgBouncer 1.18 always FATAL 08P01. */
export function poolerError(message: string, change: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(message), { name: "error", code: "08P01", severity: "FATAL", ...change })
}

/** What the system says, as Node tells it. */
export function systemError(code: string, syscall = "connect"): Error {
  return Object.assign(new Error(`${syscall} ${code} 127.0.0.1:5432`), { code, syscall, errno: -1 })
}
