/** A turn that is kept over several pieces of work, whose holder may forget that he has it. */
export class HeldTurn {
  readonly #letGo: () => void
  #state: "held" | "running" | "over" = "held"
  #takenAway = false

  constructor(letGo: () => void) {
    this.#letGo = letGo
  }

  /** It is somebody else's: nothing may be done in it any more. */
  get over(): boolean {
    return this.#state === "over"
  }

  /** Its holder has not let go of it himself, and has left things as they were. */
  get takenAway(): boolean {
    return this.#takenAway
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#state = "running"
    try {
      return await work()
    } finally {
      if (this.#state === "running") this.#state = "held"
      if (this.#takenAway) this.letGo()
    }
  }

  letGo(): void {
    this.#state = "over"
    this.#letGo()
  }

  /** Others have waited long enough: it ends now, or with the work that is going on. */
  takeAway(): void {
    if (this.#state === "over") return
    this.#takenAway = true
    if (this.#state === "held") this.letGo()
  }
}
