import { alterSystem, isSet, type ServerRule } from "../examined.ts"

export const ioNotTimed: ServerRule = {
  code: "IO_NOT_TIMED",
  when: "`track_io_timing` is off",
  why: "Neither explain (analyze, buffers) nor pg_stat_statements can tell whether a statement waits for the disk.",
  find(examined) {
    if (!isSet(examined, "track_io_timing", "off")) return undefined
    return {
      severity: "info",
      message: "Reads and writes are not timed",
      action: "Switch it on, after pg_test_timing has shown that the machine's clock is cheap",
      sql: alterSystem("track_io_timing", "on"),
      evidence: { track_io_timing: "off" },
    }
  },
}
