import type { Settled } from "../engine.ts"
import { untouched } from "../failure/effect.ts"
import type { Failure } from "../failure/failure.ts"
import { abandoned } from "../failure/local.ts"
import type { Clock } from "../foundation/clock.ts"
import { remainingMs, type Deadline } from "../foundation/deadline.ts"
import { refuse } from "./settled.ts"

export interface Patience {
  readonly deadline: Deadline | undefined
  readonly signal: AbortSignal | undefined
}

/**
 * A statement that cannot be sent yet, and a caller who does not wait for ever. When his time is up he is answered at
 * once; `run` asks `stillWanted` before it sends anything, and from then on its time is its own affair.
 */
export function withPatience<T>(
  clock: Clock,
  { deadline, signal }: Patience,
  run: (stillWanted: () => boolean) => Promise<Settled<T>>,
): Promise<Settled<T>> {
  return new Promise((resolve, reject) => {
    let wanted = true
    const evidence = untouched("acquire")
    const leave = (failure: Failure): void => {
      wanted = false
      stop()
      resolve(refuse(failure))
    }
    const onAbort = (): void => leave(abandoned("abort", evidence, { cause: signal?.reason }))
    const timer =
      deadline === undefined
        ? undefined
        : clock.after(remainingMs(clock, deadline), () =>
            leave(abandoned("deadline", evidence, { limitMs: deadline.limitMs })),
          )
    const stop = (): void => {
      timer?.cancel()
      signal?.removeEventListener("abort", onAbort)
    }
    signal?.addEventListener("abort", onAbort)
    if (signal?.aborted === true) onAbort()
    const stillWanted = (): boolean => {
      stop()
      return wanted
    }
    run(stillWanted).finally(stop).then(resolve, reject)
  })
}
