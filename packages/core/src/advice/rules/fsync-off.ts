import { alterSystem, graver, isSet, type ServerRule } from "../examined.ts"

export const fsyncOff: ServerRule = {
  code: "FSYNC_OFF",
  when: "`fsync` is off; critical where people depend on the server",
  why: "After a crash of the machine the whole cluster can be corrupt. No retry repairs that.",
  find(examined) {
    if (!isSet(examined, "fsync", "off")) return undefined
    return {
      severity: graver(examined, "critical"),
      message: "fsync is off: a crash of the machine can corrupt the whole cluster",
      action: "Switch it on, unless the data may be thrown away",
      sql: alterSystem("fsync", "on"),
      evidence: { fsync: "off" },
    }
  },
}
