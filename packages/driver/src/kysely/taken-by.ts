/** Frames of the libraries that a call comes through; the application's are what is left. */
const LIBRARIES =
  /[\\/]node_modules[\\/]kysely[\\/]|[\\/](?:driver|@kysely-resilient)[\\/](?:src|dist|driver)[\\/]|\(node:/

/**
 * Who began a transaction through Kysely, as frames; they become text only if somebody wants them. Kysely has awaited
 * something before it comes here, so what is seen are the callers that wait for it.
 */
export function takenBy(): () => string | undefined {
  const site: { readonly stack?: string } = {}
  Error.captureStackTrace(site, takenBy)
  return () => {
    const frames = framesOf(site).filter((frame) => !LIBRARIES.test(frame))
    return frames.length === 0 ? undefined : frames.join("\n")
  }
}

/** `Error.prepareStackTrace` may be a program's own, and throw. */
function framesOf(site: { readonly stack?: string }): readonly string[] {
  try {
    return site.stack?.split("\n").slice(1) ?? []
  } catch {
    return []
  }
}
