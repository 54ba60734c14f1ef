import type { LiveMessage } from "@kysely-resilient/http"
import { EventSourceParserStream } from "eventsource-parser/stream"
import { setTimeout as pause } from "node:timers/promises"

import { below } from "../address.ts"
import { authorization, reasonOf, type Endpoint } from "../endpoint.ts"

/** What a feed tells: a message of the stream, that there is none at the moment, or that there will be none. */
export type Told =
  | { readonly what: "message"; readonly message: LiveMessage }
  | { readonly what: "lost"; readonly why: string }
  | { readonly what: "refused"; readonly why: string }

/** As long as the stream itself asks browsers to wait. */
const AGAIN_MS = 2_000

const TYPES = ["hello", "report", "sample", "event", "connections", "queries", "database"] as const

/**
 * The event stream of an endpoint, for as long as the signal lets it: lost, it is asked for again from the last message on. Never rejects.
 */
export async function* feed(endpoint: Endpoint, signal: AbortSignal): AsyncGenerator<Told, void> {
  let lastId: string | undefined
  while (!signal.aborted) {
    let why = "the stream ended"
    try {
      const response = await fetch(below(endpoint, "events"), {
        headers: {
          accept: "text/event-stream",
          ...authorization(endpoint),
          ...(lastId !== undefined && { "last-event-id": lastId }),
        },
        signal,
      })
      if (response.status !== 200 || response.body === null) {
        await response.body?.cancel()
        why = `${endpoint.url.host} answered ${response.status}`
        // What is refused now is refused again; a server that is busy or starting is not.
        if (response.status < 500) {
          yield { what: "refused", why: refusal(endpoint, response.status) }
          return
        }
      } else {
        const texts = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
        for await (const { event, data, id } of texts) {
          lastId = id ?? lastId
          const message = messageOf(event, data)
          if (message !== undefined) yield { what: "message", message }
        }
      }
    } catch (error) {
      why = `${endpoint.url.host} ${reasonOf(error)}`
    }
    if (signal.aborted) return
    yield { what: "lost", why }
    await pause(AGAIN_MS, undefined, { signal }).catch(() => {})
  }
}

function refusal({ url }: Endpoint, status: number): string {
  if (status === 401 || status === 403) return `${url.href} wants a token: --token, or RESILIENCE_TOKEN`
  return `${url.href} answered ${status}: is it the address of the endpoint, and does it offer events?`
}

function messageOf(event: string | undefined, data: string): LiveMessage | undefined {
  const type = TYPES.find((known) => known === event)
  // A message of a later version is none that could be shown.
  if (type === undefined) return undefined
  const message: LiveMessage = { type, data: JSON.parse(data) }
  return message
}
