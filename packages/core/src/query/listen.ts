import type { Heard } from "@kysely-resilient/driver"
import { CompiledQuery } from "kysely"
import { err, ok, type Result } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import type { QueryError } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import { toDatabaseError } from "../errors/to-database-error.ts"
import { currentScope } from "../scope/work-scope.ts"
import type { Kit } from "./kit.ts"
import type { ListenEvent, ListenOptions } from "./listen-event.ts"
import { isSignal, refuse, shown, type ReadOptions } from "./run-options.ts"

/** A notification has at most 8,000 bytes, so that these are 8 MB at most. */
const BUFFER_MAX = 1_000

/** A name of PostgreSQL's has at most so many bytes; LISTEN would cut a longer one, and pg_notify refuses it. */
const NAME_BYTES_MAX = 63

function refuseChannel(channel: unknown): string | undefined {
  if (typeof channel !== "string" || channel === "")
    return `The channel must be a text that is not empty; it is ${shown(channel)}`
  if (channel.includes("\0") || !channel.isWellFormed())
    return "The channel's name has a character that PostgreSQL's names cannot have"
  if (Buffer.byteLength(channel) > NAME_BYTES_MAX) return `The channel's name is longer than ${NAME_BYTES_MAX} bytes`
  return undefined
}

function readListenOptions(
  options: ListenOptions = {},
): ReadOptions<{ signal: AbortSignal | undefined; bufferMax: number }> {
  const { signal, bufferMax = BUFFER_MAX } = options
  if (signal !== undefined && !isSignal(signal)) return refuse(`signal must be an AbortSignal; it is ${shown(signal)}`)
  if (!Number.isInteger(bufferMax) || bufferMax < 1)
    return refuse(`bufferMax must be a whole number above 0; it is ${shown(bufferMax)}`)
  return { ok: true, value: { signal, bufferMax } }
}

/** Not with NOTIFY, which would take neither of them as a parameter. */
export function notification(channel: string, payload: string): CompiledQuery {
  return CompiledQuery.raw("select pg_notify($1, $2)", [channel, payload])
}

/** A channel, which every loop over it listens to anew. */
export function listenTo(
  kit: Kit,
  channel: string,
  options: ListenOptions | undefined,
  site: CallSite | undefined,
): AsyncIterable<Result<ListenEvent, QueryError>> {
  return { [Symbol.asyncIterator]: () => eventsOf(kit, channel, options, site) }
}

async function* eventsOf(
  kit: Kit,
  channel: string,
  options: ListenOptions | undefined,
  site: CallSite | undefined,
): AsyncGenerator<Result<ListenEvent, QueryError>, void, undefined> {
  const read = readListenOptions(options)
  const why = refuseChannel(channel) ?? (read.ok ? undefined : read.refused)
  const context = { detail: kit.errors.detail, attempts: 0, site }
  if (why !== undefined || !read.ok) return yield err(toDatabaseError(localFailure("refused", why ?? ""), context))

  const { bufferMax } = read.value
  const scope = currentScope()
  const signal = scope === undefined ? read.value.signal : scope.holdSignal(read.value.signal)
  const inbox = new Inbox(bufferMax)
  let listening = false
  const stop = kit.engine.listen(channel, inbox.hear)
  signal?.addEventListener("abort", inbox.end, { once: true })
  if (signal?.aborted === true) inbox.end()
  try {
    for (let heard = await inbox.next(); heard !== undefined; heard = await inbox.next()) {
      if (heard.heard === "failed") return yield err(toDatabaseError(heard.failure, { ...context, attempts: 1 }))
      // Who was listening when the database was closed has been told by that; who comes later has to be told.
      if (heard.heard === "closed")
        return listening ? undefined : yield err(toDatabaseError(localFailure("pool_closed", ""), context))
      listening = true
      yield ok(eventOf(channel, heard))
    }
  } finally {
    stop()
    signal?.removeEventListener("abort", inbox.end)
  }
}

type Kept = Heard | { readonly heard: "overflow"; dropped: number }

function eventOf(channel: string, heard: Exclude<Kept, { readonly heard: "failed" | "closed" }>): ListenEvent {
  switch (heard.heard) {
    case "subscribed":
      return { kind: "listening", channel }
    case "notification":
      return { kind: "notification", channel, payload: heard.payload }
    case "gap":
      return { kind: "gap", channel, downMs: heard.downMs }
    case "overflow":
      return { kind: "overflow", channel, dropped: heard.dropped }
  }
}

/** Between whoever speaks and a loop that takes its time. Only notifications are ever dropped. */
class Inbox {
  readonly #notificationsMax: number
  #kept: Kept[] = []
  #notifications = 0
  #ended = false
  #wake: (() => void) | undefined

  constructor(notificationsMax: number) {
    this.#notificationsMax = notificationsMax
  }

  readonly hear = (heard: Heard): void => {
    if (this.#ended) return
    this.#keep(heard)
    this.#wake?.()
  }

  readonly end = (): void => {
    this.#ended = true
    this.#wake?.()
  }

  /** Undefined at the end, which does not wait for what is left. */
  async next(): Promise<Kept | undefined> {
    while (!this.#ended && this.#kept.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#ended) return undefined
    const next = this.#kept.shift()
    if (next?.heard === "notification") this.#notifications -= 1
    return next
  }

  #keep(heard: Heard): void {
    const last = this.#kept.at(-1)
    if (heard.heard !== "notification") {
      this.#kept.push(heard)
    } else if (last?.heard === "overflow") {
      // Nothing comes behind it before the loop has seen it: so it is told once, with all that it stands for.
      last.dropped += 1
    } else if (this.#notifications < this.#notificationsMax) {
      this.#notifications += 1
      this.#kept.push(heard)
    } else {
      this.#kept.push({ heard: "overflow", dropped: 1 })
    }
  }
}
