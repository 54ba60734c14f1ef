import { alertsFor, type Alert } from "./alert.ts"
import type { Health } from "./monitor.ts"

/**
 * What is worth telling of one look after the other. A threshold that is crossed again before the better times have lasted is no news: a rate that
 * trembles around it would wake people every second.
 */
export class News {
  readonly #recoverAfterMs: number
  /** When each reason was seen last, milliseconds since the epoch. */
  readonly #seen = new Map<string, number>()

  constructor(recoverAfterMs: number) {
    this.#recoverAfterMs = recoverAfterMs
  }

  alerts(now: Health, before: Health, at: number): readonly Alert[] {
    const news = alertsFor(now, before, at).filter(
      ({ kind, code }) => kind === "status_changed" || !this.#seenLately(code, at),
    )
    for (const { code } of [...before.reasons, ...now.reasons]) this.#seen.set(code, at)
    return news
  }

  #seenLately(code: string, at: number): boolean {
    const seenAt = this.#seen.get(code)
    return seenAt !== undefined && Math.abs(at - seenAt) < this.#recoverAfterMs
  }
}
