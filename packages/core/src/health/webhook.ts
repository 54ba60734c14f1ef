import type { Clock } from "@kysely-resilient/driver"

import type { Alert } from "./alert.ts"

export interface WebhookOptions {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** The same code is not sent again within this time, milliseconds; what was held back is counted. Default 300,000. */
  readonly cooldownMs?: number
  /** How long to wait for the receiver, milliseconds. Default 5,000. */
  readonly timeoutMs?: number
}

const COOLDOWN_MS = 300_000
const TIMEOUT_MS = 5_000

/** Tries, with a wait between them. An alert that comes minutes late misleads. */
const WAITS_MS = [1_000, 5_000]

/**
 * Posts alerts as JSON: the alert's fields, `text` (what chat systems show), and `suppressed`, how many of its code were held
 * back since the last one. A change of status is never held back if the one before it was another.
 */
export class Webhook {
  readonly #options: WebhookOptions
  readonly #clock: Clock
  readonly #send: typeof fetch
  readonly #sent = new Map<string, { at: number; suppressed: number }>()
  readonly #sending = new Set<Promise<void>>()
  #lastStatus: string | undefined
  #closed = false

  constructor(options: WebhookOptions, clock: Clock, send: typeof fetch = fetch) {
    this.#options = options
    this.#clock = clock
    this.#send = send
  }

  tell(alert: Alert): void {
    if (this.#closed) return
    const now = this.#clock.now()
    const { cooldownMs = COOLDOWN_MS } = this.#options
    const before = this.#sent.get(alert.code)
    const news = alert.kind === "status_changed" && this.#lastStatus !== alert.code
    if (before !== undefined && now - before.at < cooldownMs && !news) {
      before.suppressed += 1
      return
    }
    if (alert.kind === "status_changed") this.#lastStatus = alert.code
    this.#sent.set(alert.code, { at: now, suppressed: 0 })
    const sending = this.#post({ text: alert.message, ...alert, suppressed: before?.suppressed ?? 0 })
    this.#sending.add(sending)
    void sending.finally(() => this.#sending.delete(sending))
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#sending)
  }

  async #post(body: object): Promise<void> {
    const { url, headers, timeoutMs = TIMEOUT_MS } = this.#options
    for (const waitMs of [...WAITS_MS, undefined]) {
      try {
        const response = await this.#send(url, {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(timeoutMs),
        })
        await response.body?.cancel()
        // What the receiver does not want will not be wanted the next time either.
        if (response.status < 500 && response.status !== 429) return
      } catch {
        // Not reached: perhaps the next time.
      }
      if (waitMs === undefined || this.#closed) return
      await new Promise<void>((resolve) => void this.#clock.after(waitMs, resolve, { background: true }))
    }
  }
}
