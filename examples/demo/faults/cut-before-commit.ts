import { beforeCommitReachesServer } from "@kysely-resilient/testing"

import { cutTransferAt } from "./cut.ts"
import type { Fault } from "./fault.ts"

/** The client has sent COMMIT and the network loses it: nothing was committed, and the client cannot know. */
export const cutBeforeCommit: Fault = {
  name: "cut-before-commit",
  title: "Cut before COMMIT",
  inject: (context) => cutTransferAt(beforeCommitReachesServer, context),
}
