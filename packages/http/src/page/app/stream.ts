import type { LiveMessage } from "../../live/messages.ts"

const TYPES = [
  "hello",
  "report",
  "sample",
  "event",
  "connections",
  "queries",
  "database",
] as const satisfies readonly LiveMessage["type"][]

/** A sample comes every second: after so long without a word the stream is dead, whatever the browser thinks. */
const SILENCE_MS = 5_000
const AGAIN_MS = 2_000

export interface StreamParts {
  readonly heard: (message: LiveMessage) => void
  readonly became: (state: "opening" | "live" | "lost") => void
}

/** Listens to the event stream, and goes on after the last thing heard when it was lost. */
export function listen({ heard, became }: StreamParts): void {
  let lastId = ""
  let source: EventSource | undefined
  let silence: ReturnType<typeof setTimeout> | undefined

  const open = (): void => {
    source?.close()
    source = new EventSource(lastId === "" ? "events" : `events?after=${encodeURIComponent(lastId)}`)
    expect()
    for (const type of TYPES) source.addEventListener(type, (event) => hear(type, event))
    source.addEventListener("error", lose)
  }
  const expect = (): void => {
    clearTimeout(silence)
    silence = setTimeout(lose, SILENCE_MS)
  }
  const hear = (type: LiveMessage["type"], { data, lastEventId }: MessageEvent<string>): void => {
    expect()
    if (lastEventId !== "") lastId = lastEventId
    became("live")
    // Its own server has written it.
    heard({ type, data: JSON.parse(data) })
  }
  const lose = (): void => {
    became("lost")
    source?.close()
    clearTimeout(silence)
    silence = setTimeout(open, AGAIN_MS)
  }
  became("opening")
  open()
}
