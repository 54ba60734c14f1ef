import type { Clock } from "@kysely-resilient/driver"

import { pass, passes, same } from "./secret.ts"

export interface DoorParts {
  /** Everybody may see everything. */
  readonly open: boolean
  readonly token: string | undefined
  readonly authorize: ((request: Request) => boolean | Promise<boolean>) | undefined
  readonly clock: Clock
}

/** The name of the cookie that a browser gets which has shown the token. */
export const COOKIE = "kysely_resilient_pass"

/** How long a browser may look without showing the token again. */
const PASS_MS = 3_600_000

/** An answer that does not come is a no. */
const ASK_MS = 5_000

/** Who may see more than the status. */
export class Door {
  readonly #parts: DoorParts

  constructor(parts: DoorParts) {
    this.#parts = parts
  }

  /** Everybody may pass, so that nobody has shown who he is. */
  get open(): boolean {
    return this.#parts.open
  }

  /** There is a way in at all. */
  get hasKey(): boolean {
    const { open, token, authorize } = this.#parts
    return open || token !== undefined || authorize !== undefined
  }

  /** A browser may come in by showing the token. */
  get takesToken(): boolean {
    return !this.#parts.open && this.#parts.token !== undefined
  }

  async lets(request: Request): Promise<boolean> {
    const { open, token, authorize } = this.#parts
    if (open) return true
    if (token !== undefined && (this.hasToken(request) || this.#hasPass(request, token))) return true
    return authorize !== undefined && (await this.#asked(authorize, request))
  }

  /** In the header that no browser sends by itself. */
  hasToken({ headers }: Request): boolean {
    const { token } = this.#parts
    const given = /^bearer +(?<token>\S+) *$/i.exec(headers.get("authorization") ?? "")?.groups?.["token"]
    return token !== undefined && given !== undefined && same(given, token)
  }

  /**
   * The cookie for a browser that has shown the token; nothing if it is another one. Without a path, which is then that of the form's directory: only
   * the browser knows below what an application or a proxy has put that.
   */
  passFor(given: string, secure: boolean): string | undefined {
    const { token, clock } = this.#parts
    if (token === undefined || !same(given, token)) return undefined
    const value = pass(token, clock.wallTime() + PASS_MS)
    const flags = `Max-Age=${PASS_MS / 1_000}; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`
    return `${COOKIE}=${value}; ${flags}`
  }

  #hasPass({ headers }: Request, token: string): boolean {
    const cookies = (headers.get("cookie") ?? "").split(";").map((cookie) => cookie.trim())
    const given = cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1)
    return given !== undefined && passes(given, token, this.#parts.clock.wallTime())
  }

  async #asked(authorize: NonNullable<DoorParts["authorize"]>, request: Request): Promise<boolean> {
    let timer: { cancel(): void } | undefined
    try {
      const late = new Promise<boolean>((resolve) => {
        timer = this.#parts.clock.after(ASK_MS, () => resolve(false), { background: true })
      })
      // What is no boolean is no yes: an authorisation that forgot to return says nothing.
      const said: unknown = await Promise.race([authorize(request), late])
      return said === true
    } catch {
      return false
    } finally {
      timer?.cancel()
    }
  }
}
