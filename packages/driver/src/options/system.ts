import { readFileSync } from "node:fs"
import { readFile, stat } from "node:fs/promises"
import { homedir, userInfo } from "node:os"
import * as tls from "node:tls"

export type FileRead =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: string }

/** A file that only its owner should be able to read. */
export type PrivateFile =
  | { readonly state: "missing" }
  | { readonly state: "unreadable"; readonly reason: string }
  | { readonly state: "read"; readonly text: string; readonly mode: number }

/** What the options need of the machine: its user, its files, its trust store, its standard error. */
export interface System {
  readonly windows: boolean
  /** The operating system's name for whoever runs this process; a container may have none. */
  readonly userName: () => string | undefined
  readonly homeDirectory: () => string | undefined
  readonly readFile: (path: string) => FileRead
  readonly readPrivateFile: (path: string) => Promise<PrivateFile>
  /** Certificates of everybody whom Node or the system trusts, PEM. */
  readonly trustedRoots: () => readonly string[]
  readonly writeLine: (line: string) => void
}

export const thisSystem: System = {
  windows: process.platform === "win32",
  userName: () => orUndefined(() => userInfo().username),
  homeDirectory: () => orUndefined(homedir),
  readFile(path) {
    try {
      return { ok: true, bytes: readFileSync(path) }
    } catch (error) {
      return { ok: false, reason: reasonOf(error) }
    }
  },
  async readPrivateFile(path) {
    try {
      const { mode } = await stat(path)
      return { state: "read", text: await readFile(path, "utf8"), mode }
    } catch (error) {
      return isMissing(error) ? { state: "missing" } : { state: "unreadable", reason: reasonOf(error) }
    }
  },
  trustedRoots,
  writeLine: (line) => void process.stderr.write(`${line}\n`),
}

/** Before 22.15, Node does not say what the system trusts: then it is the roots that come with Node. */
function trustedRoots(): readonly string[] {
  const certificates: typeof tls.getCACertificates | undefined = tls.getCACertificates
  if (certificates === undefined) return tls.rootCertificates
  return [...new Set([...certificates("default"), ...certificates("system")])]
}

function orUndefined(read: () => string): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error"
}

/** As libpq: a path through a file that is no directory is as missing as a missing file. */
function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(codeOf(error))
}

function reasonOf(error: unknown): string {
  return isMissing(error) ? "does not exist" : `cannot be read (${codeOf(error)})`
}
