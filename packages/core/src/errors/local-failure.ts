import type { Effect, Phase } from "@kysely-resilient/driver"

import type { CoreFailure, ErrorKind } from "./redaction.ts"

/** What may differ from a refusal: never sent, nothing to retry, the connection as it was. */
export interface LocalFacts {
  readonly effect?: Effect
  readonly phase?: Phase
  /** What was thrown. Kept where only `unsafeDriverError` finds it. */
  readonly cause?: unknown
}

/** A failure that this side finds, in the form of the driver's. The message is our own words and quotes no value. */
export function localFailure<K extends ErrorKind>(kind: K, message: string, facts: LocalFacts = {}): CoreFailure<K> {
  return {
    kind,
    message,
    blame: "client",
    retry: "never",
    pace: "quick",
    connection: "keep",
    effect: facts.effect ?? "not_applied",
    origin: "client",
    phase: facts.phase ?? "write",
    ...("cause" in facts && { cause: facts.cause }),
  }
}
