import type { LiveMessage } from "@kysely-resilient/http"
import { EventSourceParserStream } from "eventsource-parser/stream"

import { below } from "../address.ts"
import { authorization, reasonOf, type Endpoint } from "../endpoint.ts"

/** How a stream ended: it may be asked for again; there is none at the moment, or at all; or it will not be given. */
export interface StreamEnd {
  readonly next: "again" | "none" | "refused"
  readonly why: string
}

const TYPES = ["hello", "report", "sample", "event", "connections", "queries", "database"] as const

/** Not there, not offered, or too many read it already. */
const NONE = [404, 405, 429, 501, 503]

/** The event stream of an endpoint: from one opening to its end, and from which message on. */
export class EventStream {
  readonly #endpoint: Endpoint
  readonly #silenceMs: number
  #lastId: string | undefined

  /** @param silenceMs a stream says something every second: one that says nothing for so long is dead, or held back on its way. */
  constructor(endpoint: Endpoint, silenceMs: number) {
    this.#endpoint = endpoint
    this.#silenceMs = silenceMs
  }

  /** Never rejects. */
  async *read(signal: AbortSignal): AsyncGenerator<LiveMessage, StreamEnd> {
    const { host } = this.#endpoint.url
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(), this.#silenceMs)
    let heard = false
    try {
      const response = await this.#open(AbortSignal.any([signal, silence.signal]))
      if (response.status !== 200 || response.body === null) {
        await response.body?.cancel()
        return this.#endOf(response.status)
      }
      const texts = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
      for await (const { event, data, id } of texts) {
        timer.refresh()
        heard = true
        this.#lastId = id ?? this.#lastId
        const message = messageOf(event, data)
        if (message !== undefined) yield message
      }
      return { next: "again", why: "the stream ended" }
    } catch (error) {
      if (!silence.signal.aborted) return { next: "again", why: `${host} ${reasonOf(error)}` }
      const seconds = this.#silenceMs / 1_000
      return heard
        ? { next: "again", why: `${host} has said nothing for ${seconds} s` }
        : { next: "none", why: `nothing came of it within ${seconds} s` }
    } finally {
      clearTimeout(timer)
    }
  }

  #open(signal: AbortSignal): Promise<Response> {
    const headers = {
      accept: "text/event-stream",
      ...authorization(this.#endpoint),
      ...(this.#lastId !== undefined && { "last-event-id": this.#lastId }),
    }
    return fetch(below(this.#endpoint, "events"), { headers, signal })
  }

  #endOf(status: number): StreamEnd {
    const { href, host } = this.#endpoint.url
    if (status === 401 || status === 403) {
      return { next: "refused", why: `${href} wants a token: --token, or RESILIENCE_TOKEN` }
    }
    const why = `${host} answered ${status}`
    if (NONE.includes(status)) return { next: "none", why }
    // What is refused now is refused again; a server that is busy or starting is not.
    return status >= 500 ? { next: "again", why } : { next: "refused", why: `${href} answered ${status}` }
  }
}

function messageOf(event: string | undefined, data: string): LiveMessage | undefined {
  const type = TYPES.find((known) => known === event)
  // A message of a later version is none that could be shown.
  if (type === undefined) return undefined
  const message: LiveMessage = { type, data: JSON.parse(data) }
  return message
}
