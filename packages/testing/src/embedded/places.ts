import { accessSync, constants, realpathSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname } from "node:path"
import type { Account } from "./user.ts"

/**
 * Where servers keep their data: the system's folder for temporary files, or, if the server's account may not
 * enter that (some systems give each user a private one), the public ones.
 */
export function placeFor(account: Account | undefined, wanted: string | undefined): string {
  const candidates = wanted === undefined ? [tmpdir(), "/tmp", "/var/tmp"] : [wanted]
  const place = candidates.find((path) => usable(path, account))
  if (place !== undefined) return realpathSync(place)
  const who = account?.name ?? "this user"
  throw new Error(`no folder for the server's data: ${candidates.join(", ")} cannot be used by ${who}`)
}

function usable(path: string, account: Account | undefined): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return account === undefined || canEnter(realpathSync(path), account)
  } catch {
    return false
  }
}

/** May this account pass through every folder on the way? By mode bits alone: lists of access rights are rare here. */
function canEnter(path: string, account: Account): boolean {
  const stat = statSync(path)
  const shift = stat.uid === account.uid ? 6 : stat.gid === account.gid ? 3 : 0
  if ((stat.mode & (0o1 << shift)) === 0) return false
  return path === dirname(path) || canEnter(dirname(path), account)
}
