import { readFileSync } from "node:fs"
import { join } from "node:path"

import { resolveOptions, type ResolvedOptions } from "@kysely-resilient/driver/src/options/resolve.ts"
import { OptionsError, type OptionsProblem } from "@kysely-resilient/driver/src/options/options-error.ts"
import type { System } from "@kysely-resilient/driver/src/options/system.ts"
import type { ConnectionSettings } from "@kysely-resilient/driver/src/postgres/settings.ts"

export const certificates: string = join(import.meta.dirname, "../../../support/tls/certificates")

export interface FakeFiles {
  readonly [path: string]: string | { readonly text: string; readonly mode: number }
}

/** A machine with nothing but the given files; paths into the test certificates are real. */
export function systemWith(files: FakeFiles = {}, change: Partial<System> = {}): System & { readonly lines: string[] } {
  const lines: string[] = []
  const textOf = (path: string): string | undefined => {
    const file = files[path]
    if (file !== undefined) return typeof file === "string" ? file : file.text
    return path.startsWith(certificates) ? readFileSync(path, "utf8") : undefined
  }
  return {
    windows: false,
    userName: () => "osuser",
    homeDirectory: () => "/home/osuser",
    readFile(path) {
      const text = textOf(path)
      if (text === undefined) return { ok: false, reason: "does not exist" }
      return { ok: true, bytes: Buffer.from(text) }
    },
    readPrivateFile(path) {
      const file = files[path]
      if (file === undefined) return Promise.resolve({ state: "missing" })
      const { text, mode } = typeof file === "string" ? { text: file, mode: 0o100600 } : file
      return Promise.resolve({ state: "read", text, mode })
    },
    trustedRoots: () => [readFileSync(join(certificates, "ca.crt"), "utf8")],
    writeLine: (line) => void lines.push(line),
    ...change,
    lines,
  }
}

type Env = Readonly<Record<string, string>>

/** What the options come to; throws what `resolveOptions` throws. */
export function resolved(options: unknown, env: Env = {}, system: System = systemWith()): ResolvedOptions {
  return resolveOptions(options, env, system)
}

/** The connection's settings, which must have been found. */
export function settingsOf(options: unknown, env: Env = {}, system: System = systemWith()): ConnectionSettings {
  const { connection } = resolved(options, env, system)
  if (!connection.ok) throw new Error(connection.failure.message)
  return connection.value
}

/** What is wrong with the options; empty if nothing is. */
export function problemsOf(options: unknown, env: Env = {}, system: System = systemWith()): readonly OptionsProblem[] {
  try {
    resolved(options, env, system)
    return []
  } catch (error) {
    if (error instanceof OptionsError) return error.problems
    throw error
  }
}
