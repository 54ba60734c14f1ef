import { milliseconds } from "../words.ts"
import { eventLine, timeOf } from "./event-line.ts"
import type { Sample, Told } from "./feed.ts"

/** A line now and then, so that a log stays readable. */
const SAMPLE_EVERY_MS = 5_000

/** What was told in lines, for a file: whatever happens, and now and then how things are. */
export class Diary {
  readonly #write: (line: string) => void
  /** By the application's clock, which need not be ours. What happened before anybody watched is not told again. */
  #beganAt: number | undefined
  #nextSampleAt = 0
  #lost: string | undefined
  #slow: string | undefined

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  note(told: Exclude<Told, { readonly what: "refused" }>, nowMs: number): void {
    if (told.what === "lost") {
      if (told.why !== this.#lost) this.#write(`${timeOf(nowMs)}  nothing is heard: ${told.why}`)
      this.#lost = told.why
      return
    }
    if (this.#lost !== undefined) this.#write(`${timeOf(nowMs)}  heard again`)
    this.#lost = undefined
    if (told.what === "asked") {
      const { why } = told
      if (why !== this.#slow) this.#write(`${timeOf(nowMs)}  no event stream (${why}): the report is asked for instead`)
      this.#slow = why
      this.#sample(told.sample)
      return
    }
    this.#slow = undefined
    this.#message(told.message)
  }

  #message(message: Extract<Told, { readonly what: "message" }>["message"]): void {
    switch (message.type) {
      case "report":
        this.#beganAt ??= Date.parse(message.data.checked_at)
        break
      case "event":
        if (message.data.until_ms >= (this.#beganAt ?? 0)) this.#write(eventLine(message.data))
        break
      case "sample":
        if (message.data.at_ms >= (this.#beganAt ?? 0)) this.#sample(message.data)
        break
      default:
        break
    }
  }

  #sample({ at_ms, status, pool, since_last: second, p95_s }: Sample): void {
    if (at_ms < this.#nextSampleAt) return
    this.#nextSampleAt = at_ms + SAMPLE_EVERY_MS
    const many = `${second.queries} /s, ${second.failed} failed, p95 ${milliseconds(p95_s * 1_000)}`
    this.#write(`${timeOf(at_ms)}  ${status}  ${many}, pool ${pool.used} of ${pool.max}, ${pool.waiting} waiting`)
  }
}
