import { Err, ResultAsync, type Result } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import { watchErr, type DroppedError } from "./unseen.ts"

/** Whom to tell of an Err that nobody looked at; undefined where nobody wants to know. */
export type TellDropped = ((dropped: DroppedError) => void) | undefined

interface Origin {
  readonly site: CallSite | undefined
  readonly tell: NonNullable<TellDropped>
}

/** Where the errors came from that are watched: one that is passed on in another Err is watched there again. */
const origins = new WeakMap<object, Origin>()

/** What an operation answers. Where it is wanted, its Err is watched. */
export function answered<T, E>(
  tell: TellDropped,
  site: CallSite | undefined,
  work: Promise<Result<T, E>>,
): ResultAsync<T, E> {
  return new ResultAsync(tell === undefined ? work : work.then((result) => watched(result, { site, tell })))
}

/** The same Result, and if it is an Err, one that somebody has to look at. */
export function watched<T, E>(result: Result<T, E>, origin: Origin): Result<T, E> {
  if (result.isOk()) return result
  const { error } = result
  if (typeof error === "object" && error !== null) origins.set(error, origin)
  watchErr(result, origin.site, origin.tell)
  return result
}

/** For what has looked, and only passes on: an error of a database that wants to know has to be looked at again. */
export function passedOn<T>(answer: T): T {
  if (!(answer instanceof Err)) return answer
  const { error }: { readonly error: unknown } = answer
  const origin = typeof error === "object" && error !== null ? origins.get(error) : undefined
  if (origin !== undefined) watchErr(answer, origin.site, origin.tell)
  return answer
}
