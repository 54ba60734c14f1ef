import type { ResilienceReport } from "@kysely-resilient/core"
import type { LiveConnection, LiveEvent, LiveQuery, LiveSample } from "@kysely-resilient/http"

import type { Told } from "./feed.ts"

/** Everything that has been heard and can be shown. */
export interface Seen {
  readonly report: ResilienceReport | undefined
  /** The last of them, oldest first. */
  readonly samples: readonly LiveSample[]
  /** The last of them, newest first. */
  readonly events: readonly LiveEvent[]
  readonly connections: readonly LiveConnection[]
  readonly queries: readonly LiveQuery[]
  /** Why nothing is heard at the moment. */
  readonly lost: string | undefined
}

export const NOTHING_SEEN: Seen = {
  report: undefined,
  samples: [],
  events: [],
  connections: [],
  queries: [],
  lost: undefined,
}

const SAMPLES_MAX = 240
const EVENTS_MAX = 100

export function after(seen: Seen, told: Told): Seen {
  return told.what === "message"
    ? { ...afterMessage(seen, told.message), lost: undefined }
    : { ...seen, lost: told.why }
}

function afterMessage(seen: Seen, message: Extract<Told, { readonly what: "message" }>["message"]): Seen {
  switch (message.type) {
    case "report":
      return { ...seen, report: message.data }
    case "sample":
      return { ...seen, samples: [...seen.samples, message.data].slice(-SAMPLES_MAX) }
    case "event":
      return { ...seen, events: [message.data, ...seen.events].slice(0, EVENTS_MAX) }
    case "connections":
      return { ...seen, connections: message.data.open }
    case "queries":
      return { ...seen, queries: message.data.top }
    case "hello":
    case "database":
      return seen
  }
}
