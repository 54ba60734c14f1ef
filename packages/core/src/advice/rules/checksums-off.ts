import { isSet, type ServerRule } from "../examined.ts"

export const checksumsOff: ServerRule = {
  code: "CHECKSUMS_OFF",
  when: "the cluster was made without data checksums (before PostgreSQL 18 the default)",
  why: "A disk that returns something else than was written is noticed late, or never.",
  find(examined) {
    if (!isSet(examined, "data_checksums", "off")) return undefined
    return {
      severity: "info",
      message: "Data checksums are off: damage on the disk stays unnoticed",
      action: "Stop the server and run pg_checksums --enable, or make the next cluster with them",
      evidence: { data_checksums: "off" },
    }
  },
}
