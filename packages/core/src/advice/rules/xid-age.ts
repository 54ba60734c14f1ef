import { identifier, numberOf, type ServerRule } from "../examined.ts"
import { ADVICE_THRESHOLDS } from "../thresholds.ts"

const RATIO = ADVICE_THRESHOLDS.xidAgeRatio

/** Transaction ids are 32 bits wide, and half of them must always be ahead. */
const WRAPS_AT = 2 ** 31

/** From here on the server writes warnings; three million before the end it stops taking writes. */
const CRITICAL_LEFT = 40_000_000

export const xidAge: ServerRule = {
  code: "XID_AGE",
  when: `the oldest transaction id or multixact of a database is older than ${RATIO} times \`autovacuum_freeze_max_age\` (200 million); critical when fewer than 40 million are left`,
  why: "Autovacuum does not get round. Three million before the end the server refuses to write.",
  find(examined) {
    const { oldest } = examined.server
    const kinds = [
      { what: "transaction ids", age: oldest.xidAge, most: numberOf(examined, "autovacuum_freeze_max_age") },
      { what: "multixacts", age: oldest.multixactAge, most: numberOf(examined, "autovacuum_multixact_freeze_max_age") },
    ]
    const worst = kinds
      .filter(({ age, most }) => most !== undefined && age > RATIO * most)
      .toSorted((one, other) => other.age - one.age)[0]
    if (worst === undefined) return undefined
    const left = WRAPS_AT - worst.age
    return {
      severity: left < CRITICAL_LEFT ? "critical" : "warning",
      message: `The oldest ${worst.what} of database ${oldest.database} are ${worst.age} old; ${left} are left`,
      action:
        "End old transactions, prepared transactions and slots, which hold vacuum back; then vacuum the oldest tables as their owner or a superuser",
      sql: `-- in database ${identifier(oldest.database)}:\nvacuum (freeze, verbose)`,
      evidence: { database: oldest.database, age: worst.age, freeze_max_age: worst.most ?? null, left },
    }
  },
}
