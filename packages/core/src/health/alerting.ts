import type { Clock } from "@kysely-resilient/driver"

import type { Alert } from "./alert.ts"
import { Webhook, type WebhookOptions } from "./webhook.ts"

/** The methods that loggers have in common: pino, winston, console. */
export interface AlertLogger {
  info(details: object, message: string): unknown
  warn(details: object, message: string): unknown
  error(details: object, message: string): unknown
}

/** Who is told when the status changes or a threshold is crossed. */
export interface AlertOptions {
  readonly callback?: (alert: Alert) => unknown
  /** Gets `(alert, message)`: info, warn or error by severity. */
  readonly logger?: AlertLogger
  /** A URL to which every alert is posted as JSON, or more. */
  readonly webhook?: string | WebhookOptions
}

const LEVEL = { info: "info", warning: "warn", critical: "error" } as const

/** Tells everybody who asked to be told. Nobody's failure reaches anybody else. */
export class Alerting {
  readonly #options: AlertOptions
  readonly #webhook: Webhook | undefined

  constructor(options: AlertOptions, clock: Clock, send?: typeof fetch) {
    this.#options = options
    const { webhook } = options
    const settings = typeof webhook === "string" ? { url: webhook } : webhook
    this.#webhook = settings && new Webhook(settings, clock, send)
  }

  tell(alerts: readonly Alert[]): void {
    const { callback, logger } = this.#options
    for (const alert of alerts) {
      if (callback !== undefined) heard(() => callback(alert))
      if (logger !== undefined) heard(() => logger[LEVEL[alert.severity]](alert, alert.message))
      this.#webhook?.tell(alert)
    }
  }

  /** Resolves when what was to be sent is sent, or cannot be. */
  async close(): Promise<void> {
    await this.#webhook?.close()
  }
}

function heard(listener: () => unknown): void {
  try {
    const returned = listener()
    if (returned instanceof Promise) returned.catch(() => {})
  } catch {
    // An alert that its listener cannot take is still told to the others.
  }
}
