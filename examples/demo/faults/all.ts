import { abort } from "./abort.ts"
import { crash } from "./crash.ts"
import { cutAfterCommit } from "./cut-after-commit.ts"
import { cutAfterWrite } from "./cut-after-write.ts"
import { cutBeforeCommit } from "./cut-before-commit.ts"
import { deadlock } from "./deadlock.ts"
import { exhaust } from "./exhaust.ts"
import type { Fault } from "./fault.ts"
import { orphan } from "./orphan.ts"
import { stall } from "./stall.ts"
import { terminate } from "./terminate.ts"

/** Every fault there is, in the order of the table. A new one is a new file and a line here. */
export const faults: readonly Fault[] = [
  terminate,
  crash,
  cutBeforeCommit,
  cutAfterCommit,
  cutAfterWrite,
  stall,
  deadlock,
  exhaust,
  abort,
  orphan,
]
