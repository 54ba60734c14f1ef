import { afterServerHasCommit } from "@kysely-resilient/testing"

import { cutTransferAt } from "./cut.ts"
import type { Fault } from "./fault.ts"

/** The server has committed, and the network loses its answer: it is done, and the client cannot know. */
export const cutAfterCommit: Fault = {
  name: "cut-after-commit",
  title: "Cut after COMMIT",
  inject: (context) => cutTransferAt(afterServerHasCommit, context),
}
