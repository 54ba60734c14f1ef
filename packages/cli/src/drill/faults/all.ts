import { conflicts } from "./conflicts.ts"
import { crowding } from "./crowded.ts"
import { cuts } from "./cuts.ts"
import { doubles } from "./doubles.ts"
import type { Fault } from "./fault.ts"
import { impatience } from "./impatience.ts"
import { networkFaults } from "./network.ts"
import { serverFaults } from "./server.ts"

/** Every fault there is, in the order of the table. A new one is a new entry in one of these files. */
export const faults: readonly Fault[] = [
  ...cuts,
  ...networkFaults,
  ...serverFaults,
  ...crowding,
  ...doubles,
  ...conflicts,
  ...impatience,
]
