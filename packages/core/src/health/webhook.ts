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

/** Tries, with a wait between them. */
const WAITS_MS = [1_000, 5_000]

/** An alert that comes minutes late misleads: one that has waited longer behind others is not sent. */
const LATE_MS = 60_000

/** Alerts that wait behind one that is being tried. So many more at once are of no use to anybody. */
const WAITING_MAX = 100

interface Waiting {
  readonly alert: Alert
  /** Of its code, since the last one that was sent. */
  readonly suppressed: number
  readonly at: number
}

/**
 * Posts alerts as JSON: the alert's fields, `text` (what chat systems show), and `suppressed`, how many of its code were held
 * back since the last one. A change of status is never held back if the one before it was another. One after the other, so
 * that what comes last is how things are; one that could not be sent does not hold back the next of its code.
 */
export class Webhook {
  readonly #options: WebhookOptions
  readonly #clock: Clock
  readonly #send: typeof fetch
  readonly #sent = new Map<string, { at: number; suppressed: number }>()
  #waiting: Waiting[] = []
  #sending: Promise<void> | undefined
  #lastStatus: string | undefined
  /** It was warned that it cannot be reached; again after it was. */
  #warned = false
  #closed = false
  #wake: (() => void) | undefined

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
    this.#waiting.push({ alert, suppressed: before?.suppressed ?? 0, at: now })
    if (this.#waiting.length > WAITING_MAX) this.#failed(this.#waiting.shift(), "too many waited before it")
    this.#sending ??= this.#sendAll()
  }

  /** What is still to be sent is tried once more at once, and given up if its receiver does not take it then. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wake?.()
    await this.#sending
  }

  async #sendAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const late = this.#clock.now() - next.at > LATE_MS
      const why = late ? "it waited behind others for more than a minute" : await this.#post(next)
      if (why === undefined) this.#warned = false
      else this.#failed(next, why)
      if (why !== undefined && this.#closed) this.#waiting = []
    }
    this.#sending = undefined
  }

  /** Why it was not taken; undefined if it was. */
  async #post({ alert, suppressed }: Waiting): Promise<string | undefined> {
    const { url, headers, timeoutMs = TIMEOUT_MS } = this.#options
    const body = JSON.stringify({ text: alert.message, ...alert, suppressed })
    for (const waitMs of [...WAITS_MS, undefined]) {
      let why: string
      try {
        const response = await this.#send(url, {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body,
          // Followed, it would become a GET without the alert, and pass for an answer.
          redirect: "manual",
          signal: AbortSignal.timeout(timeoutMs),
        })
        await response.body?.cancel()
        if (response.status < 300) return undefined
        why = `it answered ${response.status}`
        // What the receiver does not want will not be wanted the next time either.
        if (response.status < 500 && response.status !== 429) return why
      } catch (thrown) {
        // Perhaps the next time. The words of some errors quote the URL, which is a secret of many.
        why = `it was not reached (${thrown instanceof Error ? thrown.name : "nobody knows why"})`
      }
      if (waitMs === undefined || this.#closed) return why
      await this.#pause(waitMs)
    }
    return undefined
  }

  /** Does not keep the process alive, and ends with `close`: whoever awaits that would wait for nothing in an empty process. */
  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(waitMs, resolve, { background: true })
      this.#wake = (): void => {
        timer.cancel()
        resolve()
      }
    })
  }

  #failed(waiting: Waiting | undefined, why: string): void {
    if (waiting === undefined) return
    const { code, message } = waiting.alert
    this.#sent.delete(code)
    if (this.#lastStatus === code) this.#lastStatus = undefined
    if (this.#warned) return
    this.#warned = true
    const text = `An alert could not be sent to the webhook: ${why}. It said: ${message}`
    process.emitWarning(text, { type: "KyselyResilientWarning" })
  }
}
