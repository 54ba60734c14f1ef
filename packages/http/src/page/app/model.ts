import type { ResilienceReport } from "@kysely-resilient/core"

import type {
  LiveConnections,
  LiveDatabase,
  LiveEvent,
  LiveHello,
  LiveMessage,
  LiveQueries,
  LiveSample,
} from "../../live/messages.ts"
import { seatsAfter, type Seat } from "./seats.ts"

/** Everything that the page shows. */
export interface Model {
  readonly hello: LiveHello | undefined
  readonly report: ResilienceReport | undefined
  readonly samples: readonly LiveSample[]
  readonly events: readonly LiveEvent[]
  readonly connections: LiveConnections | undefined
  /** The pool's places, as that says. */
  readonly seats: readonly Seat[]
  readonly queries: LiveQueries | undefined
  readonly database: LiveDatabase | undefined
}

export const EMPTY: Model = {
  hello: undefined,
  report: undefined,
  samples: [],
  events: [],
  connections: undefined,
  seats: [],
  queries: undefined,
  database: undefined,
}

const EVENTS_MAX = 5_000

/** What the page shows after one more message. */
export function after(model: Model, message: LiveMessage): Model {
  switch (message.type) {
    case "hello":
      // Another process: what the one before has told is not its past.
      return model.hello?.instance === message.data.instance ? model : { ...EMPTY, hello: message.data }
    case "report":
      return { ...model, report: message.data }
    case "sample":
      return { ...model, samples: latest(model.samples, message.data, model.hello) }
    case "event":
      return { ...model, events: latest(model.events, message.data, model.hello) }
    case "connections":
      return { ...model, connections: message.data, seats: seatsAfter(model.seats, message.data) }
    case "queries":
      return { ...model, queries: message.data }
    case "database":
      return { ...model, database: message.data }
  }
}

/** With what comes last, in order of time, and no older than the stream itself remembers. */
function latest<T extends { readonly at_ms: number }>(
  known: readonly T[],
  last: T,
  hello: LiveHello | undefined,
): readonly T[] {
  const oldest = last.at_ms - (hello?.remembered_ms ?? Number.POSITIVE_INFINITY)
  const first = known[0]
  const kept =
    (first !== undefined && first.at_ms < oldest) || known.length >= EVENTS_MAX
      ? known.filter((one, index) => one.at_ms >= oldest && index > known.length - EVENTS_MAX)
      : known
  return [...kept, last]
}
