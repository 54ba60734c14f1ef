import { alterSystem, graver, isSet, type ServerRule } from "../examined.ts"

export const fullPageWritesOff: ServerRule = {
  code: "FULL_PAGE_WRITES_OFF",
  when: "`full_page_writes` is off; critical where people depend on the server",
  why: "A page that was half written when the machine crashed cannot be repaired, except on file systems that never do that.",
  find(examined) {
    if (!isSet(examined, "full_page_writes", "off")) return undefined
    return {
      severity: graver(examined, "critical"),
      message: "full_page_writes is off: a page that is half written at a crash stays broken",
      action: "Switch it on, unless the file system writes whole pages or none (ZFS)",
      sql: alterSystem("full_page_writes", "on"),
      evidence: { full_page_writes: "off" },
    }
  },
}
