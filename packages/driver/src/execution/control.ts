import type { CompiledQuery } from "kysely"

import type { Failure } from "../failure/failure.ts"
import { refused } from "../failure/local.ts"
import type { StatementShape } from "../postgres/statement.ts"
import type { TransactionControl } from "../postgres/transaction-control.ts"

/** Why raw transaction control is not sent, if it is not. A bare BEGIN, COMMIT or ROLLBACK is fine where we manage no transaction. */
function refuseControl(control: TransactionControl, managed: boolean): Failure | undefined {
  switch (control.kind) {
    case "commit":
    case "rollback":
      if (control.chain) {
        return refused({
          why: `${control.kind.toUpperCase()} AND CHAIN is not supported: end this transaction, then begin the next one by itself`,
        })
      }
      return managed ? insideManaged(control.kind) : undefined
    case "begin":
      return managed ? insideManaged(control.kind) : undefined
    case "prepare_transaction":
      return refused({
        why: "PREPARE TRANSACTION is not supported: its outcome would be decided where this client cannot see it",
      })
    default:
      return undefined
  }
}

/** The same for a text, of one statement or of several. */
export function refuseControls(
  { control, controls }: Pick<StatementShape, "control" | "controls">,
  managed: boolean,
): Failure | undefined {
  if (control !== undefined) return refuseControl(control, managed)
  if (controls === undefined) return undefined
  return controls.map((each) => refuseControl(each, managed)).find((refusal) => refusal !== undefined)
}

function insideManaged(kind: string): Failure {
  return refused({
    why: `${kind.toUpperCase()} inside a transaction that this client manages: let its callback return (or throw) to end it, and use a savepoint to nest`,
  })
}

/** One of our own statements in the form of a caller's. */
export function controlQuery(sql: string): CompiledQuery {
  return {
    query: { kind: "RawNode", sqlFragments: [sql], parameters: [] },
    queryId: { queryId: sql },
    sql,
    parameters: [],
  }
}

export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}
