import { randomUUID } from "node:crypto"

import { OptionsError } from "@kysely-resilient/core"
import { systemClock, type Clock } from "@kysely-resilient/driver"

import { assembleHandler, type Handler, type Shown } from "./handler.ts"
import { handlerProblems, type HandlerOptions } from "./options.ts"
import { requestProblems, type RequestOptions } from "./scope/options.ts"
import { Requests, type Asked } from "./scope/requests.ts"

/** The database, as far as an application's web side needs it. */
export type WebDatabase = Shown & Asked

export interface WebOptions extends HandlerOptions {
  /** What holds for the application's own requests. `false`: they have no scope. */
  readonly requests?: false | RequestOptions
}

/** What every adapter stands on: what operators ask, and a scope for everything else. */
export interface Web {
  readonly handler: Handler
  readonly requests: Requests | undefined
}

export interface WebFoundations {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
}

/** @throws {OptionsError} with everything that is wrong */
export function createWeb(
  db: WebDatabase,
  options: WebOptions = {},
  { clock, env }: WebFoundations = { clock: systemClock, env: process.env },
): Web {
  const { requests, ...others } = options
  const problems = [...handlerProblems(others, env), ...(requests === false ? [] : requestProblems(requests ?? {}))]
  if (problems.length > 0) throw new OptionsError(problems)
  const handler = assembleHandler(db, others, { clock, env, instance: randomUUID().slice(0, 8) })
  return { handler, requests: requests === false ? undefined : new Requests(db, requests, { clock, env }) }
}
