import type { DatabaseIdentity, DriverSnapshot } from "@kysely-resilient/driver"

import { DB_NAMESPACE, DB_SYSTEM_NAME, POOL_NAME, SERVER_ADDRESS, SERVER_PORT, type Attributes } from "./names.ts"
import type { Source } from "./source.ts"
import { tallyOf, type Tally } from "./tally.ts"

/** Everything that can be shown of one database at one moment. */
export interface Facts {
  readonly snapshot: DriverSnapshot
  readonly tally: Tally
  readonly health: "healthy" | "degraded" | "critical" | undefined
  readonly advice: readonly { readonly code: string; readonly severity: string }[] | undefined
}

export function factsOf(source: Source): Facts {
  return {
    snapshot: source.snapshot(),
    tally: tallyOf(source),
    health: source.health?.().status,
    advice: source.advise?.(),
  }
}

/** Whoever asks for several metrics at once sees one moment: the facts hold until the code that asks lets go. */
export class FactsOfNow {
  readonly #source: Source
  #facts: Facts | undefined

  constructor(source: Source) {
    this.#source = source
  }

  get current(): Facts {
    if (this.#facts === undefined) {
      this.#facts = factsOf(this.#source)
      queueMicrotask(() => (this.#facts = undefined))
    }
    return this.#facts
  }
}

/** PostgreSQL's own, which the conventions leave out. */
const USUAL_PORT = 5432

/** What stands on each span and each duration. */
export function serverAttributes({ host, port, database }: DatabaseIdentity): Attributes {
  return {
    [DB_SYSTEM_NAME]: "postgresql",
    ...(database !== undefined && { [DB_NAMESPACE]: database }),
    ...(host !== undefined && { [SERVER_ADDRESS]: host }),
    ...(port !== undefined && port !== USUAL_PORT && { [SERVER_PORT]: port }),
  }
}

export function poolAttributes({ name }: DatabaseIdentity): Attributes {
  return { [POOL_NAME]: name }
}
