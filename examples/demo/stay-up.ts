import { once } from "node:events"

import { chaosOn } from "./chaos/chaos.ts"
import { Company } from "./company.ts"
import { serve } from "./serve.ts"
import type { Stage } from "./stage.ts"

export interface StayUpOptions {
  readonly seed: number
  readonly port: number
  readonly signal: AbortSignal
  /** Told where, once it is up. */
  readonly onServing: (url: string) => void
}

/** Slower than in the play: this may stay up for hours. */
const THINK_MS = 60

/** What callers are told is not kept here: it would grow without end, and nobody compares it any more. */
const noLedger = { announce: () => {}, settle: () => {} }

/** Keeps the application at work, with a page to watch it and to hurt it, until `signal` fires. */
export async function stayUp(stage: Stage, { seed, port, signal, onServing }: StayUpOptions): Promise<void> {
  using company = new Company(stage, { seed, thinkMs: THINK_MS, ledger: noLedger, signal })
  const { crew, store } = company
  await using site = await serve({ store, chaos: chaosOn(stage, company) }, port)
  crew.start()
  onServing(site.url)
  if (!signal.aborted) await once(signal, "abort")
  await crew.rest()
  await store.close()
}
