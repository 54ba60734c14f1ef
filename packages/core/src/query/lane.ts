import { describeStatement, type Effect, type Failure, type Session as DriverSession } from "@kysely-resilient/driver"
import type { CompiledQuery } from "kysely"

import { localFailure } from "../errors/local-failure.ts"
import type { CoreFailure } from "../errors/redaction.ts"

export type Refusal = CoreFailure<"refused">

/** Where a session's statements go. */
export interface Lane {
  readonly target: DriverSession
  /** What a statement has done that the server has answered here: inside of a transaction nothing yet. */
  readonly effect: Effect
  /** Why this statement must not be sent here, whatever the state of things. */
  refusalOf(query: CompiledQuery): Refusal | undefined
  /**
   * What is in the way of any statement: nothing, a reason to refuse it, or something to wait for and then to ask again.
   * Whoever is told "nothing" sends at once, without waiting for anything else, so that statements keep their order.
   */
  obstacle(): Refusal | Promise<void> | undefined
  /** A statement has failed, and this is the error that its caller gets. */
  failed(failure: Failure, error: Error): void
  /** The error of the statement that has failed the transaction which is open here. */
  firstError(): Error | undefined
}

/** Any connection of the pool, for every statement perhaps another one. */
export class PoolLane implements Lane {
  readonly target: DriverSession
  readonly effect = "applied"

  constructor(target: DriverSession) {
    this.target = target
  }

  refusalOf(query: CompiledQuery): Refusal | undefined {
    const bare = bareTransactionCommand(query)
    // What a text of several leaves open would be rolled back behind its answer.
    const command = bare ?? (lastTransactionCommand(query) === "begin" ? "begin" : undefined)
    if (command === undefined) return undefined
    return localFailure(
      "refused",
      `${command.toUpperCase()} was not sent: here every statement may run on another connection. ` +
        "Write db.transaction(async (tx) => …), or db.withConnection(async (session) => …) for transaction control in raw SQL",
    )
  }

  obstacle(): undefined {
    return undefined
  }

  failed(): void {}

  firstError(): undefined {
    return undefined
  }
}

/** BEGIN, COMMIT or ROLLBACK in raw SQL, whatever its spelling; builders cannot make one. */
function bareTransactionCommand(query: CompiledQuery): TransactionCommand | undefined {
  if (query.query.kind !== "RawNode") return undefined
  return commandOf(describeStatement(query).control)
}

/** The last of them in a text of one statement or of several; one with AND CHAIN begins another transaction. */
export function lastTransactionCommand(query: CompiledQuery): TransactionCommand | undefined {
  if (query.query.kind !== "RawNode") return undefined
  const { control, controls = control === undefined ? [] : [control] } = describeStatement(query)
  const last = controls.findLast((each) => commandOf(each) !== undefined)
  return last !== undefined && "chain" in last && last.chain ? "begin" : commandOf(last)
}

type TransactionCommand = "begin" | "commit" | "rollback"

function commandOf(control: { readonly kind: string } | undefined): TransactionCommand | undefined {
  switch (control?.kind) {
    case "begin":
    case "commit":
    case "rollback":
      return control.kind
    default:
      return undefined
  }
}
