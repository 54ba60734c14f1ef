import type { DurationsSnapshot } from "@kysely-resilient/driver"

import { poolAttributes, serverAttributes, type Facts } from "./facts.ts"
import {
  CONNECTION_CREATE_TIME,
  CONNECTION_USE_TIME,
  CONNECTION_WAIT_TIME,
  DB_QUERY_SUMMARY,
  DB_RESPONSE_STATUS_CODE,
  ERROR_TYPE,
  OPERATION_DURATION,
  type Attributes,
} from "./names.ts"
import type { Operations } from "./tally.ts"

/** A histogram of durations that is kept, and read when it is asked for. */
export interface KeptHistogram {
  readonly name: string
  readonly help: string
  readonly read: (facts: Facts) => readonly { readonly attributes: Attributes; readonly durations: DurationsSnapshot }[]
}

/** What a statement's duration is labelled with, besides its server. `error.type` is absent where it succeeded. */
export function operationAttributes({ summary, error }: Pick<Operations, "summary" | "error">): Attributes {
  return {
    [DB_QUERY_SUMMARY]: summary,
    ...(error !== undefined && { [ERROR_TYPE]: error.type }),
    ...(error?.sqlState !== undefined && { [DB_RESPONSE_STATUS_CODE]: error.sqlState }),
  }
}

function ofPool(name: string, help: string, durations: (facts: Facts) => DurationsSnapshot): KeptHistogram {
  const read: KeptHistogram["read"] = (facts) => [
    { attributes: poolAttributes(facts.snapshot.database), durations: durations(facts) },
  ]
  return { name, help, read }
}

export const HISTOGRAMS: readonly KeptHistogram[] = [
  {
    name: OPERATION_DURATION,
    help: "From a statement's call to its answer, retries included",
    read: ({ snapshot: { database }, tally }) => {
      const shared = { ...serverAttributes(database), ...poolAttributes(database) }
      return tally.operations.map((operations) => ({
        attributes: { ...shared, ...operationAttributes(operations) },
        durations: operations.durations.read(),
      }))
    },
  },
  ofPool(CONNECTION_WAIT_TIME, "From asking for a connection to having it", (f) => f.snapshot.times.wait),
  ofPool(CONNECTION_USE_TIME, "From having a connection to giving it back", (f) => f.snapshot.times.use),
  ofPool(CONNECTION_CREATE_TIME, "The opening of a connection", (f) => f.snapshot.times.create),
]
