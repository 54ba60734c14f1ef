import { beforeCommitReachesServer, cut } from "@kysely-resilient/testing"

import { cutAt } from "./cut.ts"
import type { Fault } from "./fault.ts"

/** The client has sent COMMIT and the network loses it: nothing was committed, and the client cannot know. */
export const cutBeforeCommit: Fault = {
  name: "cut-before-commit",
  title: "Cut before COMMIT",
  inject: (context) => cutAt(context, { when: beforeCommitReachesServer, do: cut() }),
}
