import type { ResilienceReport } from "@kysely-resilient/core"
import type { LiveConnection, LiveEvent, LiveQuery } from "@kysely-resilient/http"

import type { Sample, Told } from "./feed.ts"

/** Everything that has been heard and can be shown. */
export interface Seen {
  readonly report: ResilienceReport | undefined
  /** The last of them, oldest first. */
  readonly samples: readonly Sample[]
  /** The last of them, newest first. */
  readonly events: readonly LiveEvent[]
  readonly connections: readonly LiveConnection[]
  readonly queries: readonly LiveQuery[]
  /** Why nothing is heard at the moment. */
  readonly lost: string | undefined
  /** Why there is no stream, where the report is asked for instead. */
  readonly slow: string | undefined
}

export const NOTHING_SEEN: Seen = {
  report: undefined,
  samples: [],
  events: [],
  connections: [],
  queries: [],
  lost: undefined,
  slow: undefined,
}

const SAMPLES_MAX = 240
const EVENTS_MAX = 100

export function after(seen: Seen, told: Exclude<Told, { readonly what: "refused" }>): Seen {
  switch (told.what) {
    case "message":
      return { ...afterMessage(seen, told.message), lost: undefined, slow: undefined }
    case "asked": {
      const { report, sample, why } = told
      // Of these only a stream tells.
      return { ...afterSample(seen, sample), report, connections: [], lost: undefined, slow: why }
    }
    case "lost":
      return { ...seen, lost: told.why }
  }
}

function afterSample(seen: Seen, sample: Sample): Seen {
  return { ...seen, samples: [...seen.samples, sample].slice(-SAMPLES_MAX) }
}

function afterMessage(seen: Seen, message: Extract<Told, { readonly what: "message" }>["message"]): Seen {
  switch (message.type) {
    case "report":
      return { ...seen, report: message.data }
    case "sample":
      return afterSample(seen, message.data)
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
