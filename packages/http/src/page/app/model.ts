import type { ResilienceReport } from "@kysely-resilient/core"

import type {
  LiveConnection,
  LiveConnections,
  LiveDatabase,
  LiveEvent,
  LiveHello,
  LiveMessage,
  LiveQueries,
  LiveSample,
} from "../../live/messages.ts"

/** A connection that is no longer there, shown for a moment. */
export interface Gone {
  readonly connection: LiveConnection
  readonly at: number
}

/** Everything that the page shows. */
export interface Model {
  readonly hello: LiveHello | undefined
  readonly report: ResilienceReport | undefined
  readonly samples: readonly LiveSample[]
  readonly events: readonly LiveEvent[]
  readonly connections: LiveConnections | undefined
  readonly gone: readonly Gone[]
  readonly queries: LiveQueries | undefined
  readonly database: LiveDatabase | undefined
}

export const EMPTY: Model = {
  hello: undefined,
  report: undefined,
  samples: [],
  events: [],
  connections: undefined,
  gone: [],
  queries: undefined,
  database: undefined,
}

const EVENTS_MAX = 5_000
const GONE_MS = 4_000

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
      return { ...model, connections: message.data, gone: goneAfter(model, message.data) }
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

function goneAfter({ connections, gone }: Model, now: LiveConnections): readonly Gone[] {
  const there = new Set(now.open.map(({ id }) => id))
  const lost = (connections?.open ?? []).filter(({ id }) => !there.has(id))
  return [
    ...gone.filter(({ at }) => now.at_ms - at < GONE_MS),
    ...lost.map((connection) => ({ connection, at: now.at_ms })),
  ]
}
