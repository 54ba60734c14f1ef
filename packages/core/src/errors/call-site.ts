import { fileURLToPath } from "node:url"

/** This package's own folder, sources and build alike. */
const OURS = fileURLToPath(new URL("..", import.meta.url))

/** Where an operation was called; its frames become text only if somebody wants them. */
export interface CallSite {
  readonly stack?: string
}

/** Captures who called `operation`. A few microseconds: for development, where every error then says where it came from. */
export function captureCallSite(operation: (...parameters: never[]) => unknown): CallSite {
  const site: CallSite = {}
  Error.captureStackTrace(site, operation)
  return site
}

/** The frames of the application, without those of the libraries that the call went through. */
export function framesOf(site: CallSite | undefined): string | undefined {
  const frames = stackOf(site)?.split("\n").slice(1) ?? []
  const theirs = frames.filter(
    (frame) => !/[\\/]node_modules[\\/](kysely|neverthrow|@kysely-resilient)[\\/]/.test(frame),
  )
  return theirs.length === 0 ? undefined : theirs.join("\n")
}

/** The innermost frame of the application, without our own; `file:///app/src/users.ts:12:34`. */
export function placeOf(site: CallSite | undefined): string | undefined {
  const theirs = framesOf(site)
    ?.split("\n")
    .find((frame) => !frame.includes(OURS))
  return firstPlaceOf(theirs)
}

/** `file:///app/src/users.ts:12:34`, the innermost frame of the application. */
export function firstPlaceOf(frames: string | undefined): string | undefined {
  const [first] = frames?.split("\n") ?? []
  return first?.replace(/^\s*at (?:.*\((.*)\)|(?:async )?(.*))$/, "$1$2")
}

/** Frames become text here, by `Error.prepareStackTrace` if a program has set one; it is not ours and may throw. */
function stackOf(site: CallSite | undefined): string | undefined {
  try {
    return site?.stack
  } catch {
    return undefined
  }
}
