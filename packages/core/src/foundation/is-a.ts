/** `instanceof` for what somebody threw: a revoked proxy throws again when its prototype is asked for. Never throws. */
export function isA<T>(value: unknown, what: abstract new (...parameters: never[]) => T): value is T {
  try {
    return value instanceof what
  } catch {
    return false
  }
}
