/**
 * A value with the type that was promised of it. Nobody can prove to the compiler what PostgreSQL answers, or what a union's
 * member has; every such promise in this package passes here, with its reason beside it.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the promise
export function promised<T>(value: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is what this function is for
  return value as T
}
