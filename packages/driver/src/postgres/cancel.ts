import type { Clock } from "../foundation/clock.ts"
import { createPgWire, type MakeSocket, type PgClientConfig } from "./internals.ts"

/** What a CancelRequest needs to know of the connection that it is about. */
export interface CancelTarget {
  readonly host: string
  readonly port: number
  readonly ssl: PgClientConfig["ssl"]
  readonly makeSocket: MakeSocket | undefined
  readonly processId: number
  readonly secretKey: number
}

/**
 * Asks the server to cancel what `target` is running: a CancelRequest over a socket of its own, which needs no login
 * and no slot of the pool (PostgreSQL manual, 54.2.9). The server closes that socket after it has sent the signal,
 * so `true` (the socket reached its end) means: no cancel is still on its way, and none can hit a later statement.
 * Never rejects; `false` after `timeoutMs`, or if the server could not be reached.
 */
export function requestCancel(target: CancelTarget, clock: Clock, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const wire = createPgWire(target.ssl, target.makeSocket)
    let asked = false
    let failed = false
    const timer = clock.after(timeoutMs, () => {
      failed = true
      wire.stream.destroy()
      resolve(false)
    })
    const ask = (): void => {
      asked = true
      wire.cancel(target.processId, target.secretKey)
    }
    wire.on("error", () => {
      failed = true
    })
    wire.once("end", () => {
      timer.cancel()
      resolve(asked && !failed)
    })
    wire.on("connect", () => (target.ssl === false ? ask() : wire.requestSsl()))
    wire.on("sslconnect", ask)
    if (target.host.startsWith("/")) wire.connect(`${target.host}/.s.PGSQL.${target.port}`)
    else wire.connect(target.port, target.host)
  })
}
