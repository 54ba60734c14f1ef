import type { Err } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import { firstPlaceOf, framesOf } from "../errors/call-site.ts"
import { isVoided } from "./voided.ts"

/** An Err that came out of an operation, and that nobody has looked at. */
export interface DroppedError {
  /** What is in it. */
  readonly error: unknown
  /** Where the operation was called, if `errors.callSite` is on. */
  readonly callSite: string | undefined
  /** What a person is told; it quotes no data. */
  readonly message: string
}

/** One that nobody has looked at yet. */
export interface Unseen {
  /** As what it is reported; nothing where `void` says that it is meant so. */
  dropped(): DroppedError | undefined
  /** Tells the database that it came from. */
  report(): void
}

/**
 * All of them, of every copy of this package: what ends a test or a program looks here. The Errs themselves are not in it, so that
 * they can go.
 */
const ALL = Symbol.for("@kysely-resilient/core.unseen.1")

export function allUnseen(): Set<Unseen> {
  const existing: unknown = Reflect.get(globalThis, ALL)
  if (existing instanceof Set) return existing
  const made = new Set<Unseen>()
  Reflect.set(globalThis, ALL, made)
  // All is done, and nothing waits: nobody will look at them any more.
  process.on("beforeExit", () => {
    for (const unseen of made) report(unseen)
  })
  return made
}

/** Told when an Err is gone that nobody has looked at: then nobody ever will. */
const gone = new FinalizationRegistry<Unseen>((unseen) => report(unseen))

function report(unseen: Unseen): void {
  if (allUnseen().delete(unseen)) unseen.report()
}

/** What does not read `error`; whatever else an Err can do does. */
const METHODS = ["isOk", "isErr", "unwrapOr", "_unsafeUnwrap"] as const

const INSPECT = Symbol.for("nodejs.util.inspect.custom")

/**
 * Waits for somebody to look at an Err: to ask what it is, to take what is in it, to print or compare it. From then on it is as
 * every other one.
 */
export function watchErr<T, E>(
  err: Err<T, E>,
  site: CallSite | undefined,
  tell: (dropped: DroppedError) => void,
): void {
  const { error } = err
  const unseen: Unseen = {
    dropped: () => droppedOf(error, site),
    report() {
      const dropped = this.dropped()
      if (dropped !== undefined) tell(dropped)
    },
  }
  const seen = (of: object): void => {
    allUnseen().delete(unseen)
    for (const key of [...METHODS, INSPECT]) Reflect.deleteProperty(of, key)
    Object.defineProperty(of, "error", { value: error, enumerable: true, configurable: true, writable: true })
  }
  allUnseen().add(unseen)
  gone.register(err, unseen)
  Object.defineProperty(err, "error", {
    get(this: object) {
      seen(this)
      return error
    },
    enumerable: true,
    configurable: true,
  })
  for (const name of METHODS) {
    Object.defineProperty(err, name, { value: lookingFirst(seen, name), configurable: true, writable: true })
  }
  Object.defineProperty(err, INSPECT, {
    value(this: object, _depth: number, options: object, inspect: (value: unknown, options: object) => string) {
      seen(this)
      return inspect(this, options)
    },
    configurable: true,
  })
}

function lookingFirst(seen: (of: object) => void, name: string): (...parameters: unknown[]) => unknown {
  return function looks(this: object, ...parameters) {
    seen(this)
    const method: unknown = Reflect.get(this, name)
    return typeof method === "function" ? Reflect.apply(method, this, parameters) : undefined
  }
}

function droppedOf(error: unknown, site: CallSite | undefined): DroppedError | undefined {
  const callSite = firstPlaceOf(framesOf(site))
  if (callSite !== undefined && isVoided(callSite)) return undefined
  const where = callSite === undefined ? "" : `, of the operation that was called at ${callSite}`
  const message =
    `Nobody has looked at an Err${where}: ${nameOf(error)}. ` +
    "Await the operation and look at its Result (isErr, match, unwrapOr, …), or write void before it where its failure is no matter"
  return { error, callSite, message }
}

/** Of an error of ours what it says; of anything else only what it is, for it may be data. */
function nameOf(error: unknown): string {
  try {
    if (typeof error !== "object" || error === null) return `a ${typeof error}`
    if ("kind" in error && "category" in error && error instanceof Error) return error.message
    return error.constructor.name
  } catch {
    return "an object"
  }
}
