import type { Company } from "../company.ts"
import type { Stage } from "../stage.ts"

/** What a kind of chaos gets at. */
export interface ChaosContext extends Pick<Stage, "server" | "proxy"> {
  readonly store: Company["store"]
  readonly sleep: (ms: number) => Promise<unknown>
}
