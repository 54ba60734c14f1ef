import type { Company } from "../company.ts"
import { strike } from "../play.ts"
import type { Stage } from "../stage.ts"
import type { ChaosContext } from "./context.ts"
import { blackHole } from "./black-hole.ts"
import { exhaust } from "./exhaust.ts"
import { leak } from "./leak.ts"
import { restart } from "./restart.ts"
import { slowNetwork } from "./slow-network.ts"

/** What a visitor of the page may do to the application. */
export interface Chaos {
  /** Of its URL. */
  readonly name: string
  /** Of its button. */
  readonly title: string
  /** Resolves when it hurts no more. */
  readonly run: () => Promise<unknown>
}

/** Every button, in the order in which they stand. */
export function chaosOn(stage: Stage, { store, hand }: Company): readonly Chaos[] {
  const { server, proxy } = stage
  const context: ChaosContext = { server, proxy, store, sleep: hand.sleep }
  const played = (fault: string) => () => strike(fault, hand)
  return [
    { name: "kill-backend", title: "Kill backends", run: played("terminate") },
    { name: "restart", title: "Restart PostgreSQL", run: () => restart(context) },
    { name: "crash", title: "Crash PostgreSQL", run: played("crash") },
    { name: "black-hole", title: "Black hole", run: () => blackHole(context) },
    { name: "cut-commit", title: "Cut a COMMIT", run: played("cut-after-commit") },
    { name: "delay", title: "Delay by 200 ms", run: () => slowNetwork(context) },
    { name: "exhaust", title: "Exhaust the pool", run: () => exhaust(context) },
    { name: "leak", title: "Leak a transaction", run: () => leak(context) },
  ]
}
