import type { Effect } from "@kysely-resilient/driver"

import type { CallbackThrew } from "../errors/bug.ts"
import type { CallSite } from "../errors/call-site.ts"
import { localFailure } from "../errors/local-failure.ts"
import { toDatabaseError } from "../errors/to-database-error.ts"
import { tellDefect } from "./hooks.ts"
import type { Kit } from "./kit.ts"
import { open, type Awaitable, type ErrOf, type OkOf } from "./results.ts"

/** How a callback of the application ended. */
export type CallbackEnd<R> =
  | { readonly end: "ok"; readonly value: OkOf<R> }
  | { readonly end: "err"; readonly error: ErrOf<R> }
  | { readonly end: "threw"; readonly thrown: unknown; readonly how: string }

/** Runs it, whatever it does: it may throw, reject, answer nothing, or answer a Result whose getters throw. */
export async function runCallback<R>(callback: () => Awaitable<R>): Promise<CallbackEnd<R>> {
  try {
    const opened = open<R>(await callback())
    if (opened.is === "ok") return { end: "ok", value: opened.value }
    if (opened.is === "err") return { end: "err", error: opened.error }
    return { end: "threw", thrown: undefined, how: "answered no Result: write return ok(…) or return err(…)" }
  } catch (thrown) {
    return { end: "threw", thrown, how: "threw" }
  }
}

/** Where and with what consequence a callback threw. */
export interface Blamed {
  /** "The callback of the transaction", "A function given to afterCommit". */
  readonly whose: string
  readonly how: string
  readonly thrown: unknown
  readonly effect: Effect
  readonly attempts: number
  readonly site: CallSite | undefined
  /** No Result will say it. */
  readonly unheard?: boolean
}

/** The error for it, told to `on.defect` too. What was thrown is not looked at: even its `toString` may throw. */
export function callbackThrew(kit: Kit, blamed: Blamed): CallbackThrew {
  const { whose, how, thrown, effect, attempts, site } = blamed
  const failure = localFailure("callback_threw", blame(whose, how), { cause: thrown, effect })
  const error = toDatabaseError(failure, { detail: kit.errors.detail, attempts, site })
  tellDefect(kit.hooks, error, blamed.unheard === true)
  return error
}

/** What it threw may quote anything: whoever wants it has to ask for it. */
export function blame(whose: string, how: string): string {
  return how.startsWith("threw") ? `${whose} ${how}; unsafeDriverError(error) gives what it threw` : `${whose} ${how}`
}
