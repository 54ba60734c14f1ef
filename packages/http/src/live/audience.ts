/** What a client may leave unread; one that is further behind is dropped, and may come again for what it has missed. */
const UNREAD_BYTES_MAX = 4 * 1024 * 1024

interface Client {
  send(bytes: Uint8Array): void
  end(): void
}

/** Those who watch. Each has a bounded buffer, and leaves by itself when its stream is cancelled. */
export class LiveAudience {
  readonly #clients = new Set<Client>()
  readonly #max: number
  readonly #unreadMax: number

  constructor(max: number, unreadMax: number = UNREAD_BYTES_MAX) {
    this.#max = max
    this.#unreadMax = unreadMax
  }

  get size(): number {
    return this.#clients.size
  }

  get full(): boolean {
    return this.#clients.size >= this.#max
  }

  /** A new client, who is sent these first. `signal`: he has gone. */
  join(first: readonly Uint8Array[], signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
    let leave = (): void => {}
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const gone = (): void => {
            leave()
            controller.close()
          }
          const client: Client = {
            send: (bytes) => {
              if ((controller.desiredSize ?? 0) >= bytes.length) return controller.enqueue(bytes)
              leave()
              controller.error(tooSlow())
            },
            end: () => {
              leave()
              // Who has not read the last may never read it, and an end that waits for him holds up the server's own.
              if ((controller.desiredSize ?? 0) < this.#unreadMax) controller.error(tooSlow())
              else controller.close()
            },
          }
          leave = () => {
            this.#clients.delete(client)
            signal?.removeEventListener("abort", gone)
          }
          for (const bytes of first) controller.enqueue(bytes)
          if (signal?.aborted === true) return controller.close()
          signal?.addEventListener("abort", gone, { once: true })
          this.#clients.add(client)
        },
        cancel: () => leave(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: this.#unreadMax }),
    )
  }

  send(bytes: Uint8Array): void {
    for (const client of this.#clients) client.send(bytes)
  }

  end(): void {
    for (const client of this.#clients) client.end()
  }
}

function tooSlow(): Error {
  return new Error("The client of an event stream reads too slowly")
}
