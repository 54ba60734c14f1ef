import { catchConstraint, fieldErrors } from "@kysely-resilient/core"
import { err, ok, type ResultAsync } from "neverthrow"

import { SignalKindLabels, type SignalKind } from "../schema/schema.gen.ts"
import { refusal, type Failed } from "./answer.ts"
import type { AppDatabase } from "./database.ts"
import { day, fields, oneOf, share, text, type Fields } from "./input.ts"

interface Signal {
  readonly id: bigint
  readonly symbol: string
  readonly day: string
  readonly kind: SignalKind
  readonly strength: number
}

export function listSignals(db: AppDatabase, symbol: string | null): ResultAsync<Signal[], Failed> {
  const query = db
    .selectFrom("signals")
    .innerJoin("instruments", "instruments.id", "signals.instrument_id")
    .select(["signals.id", "instruments.symbol", "signals.day", "signals.kind", "signals.strength"])
    .$if(symbol !== null, (some) => some.where("instruments.symbol", "=", symbol))
    .orderBy("signals.day", "desc")
    .orderBy("signals.id")
    .limit(50)
  return db.all(query, { name: "signals.list" })
}

export function giveSignal(db: AppDatabase, input: Fields): ResultAsync<Signal, Failed> {
  return fields(input, { symbol: text, day, kind: oneOf(SignalKindLabels), strength: share }).asyncAndThen((given) =>
    db
      .maybeOne(db.selectFrom("instruments").select("id").where("symbol", "=", given.symbol), {
        name: "instruments.find",
      })
      .andThen((instrument) =>
        instrument === undefined ? err(refusal(404, "There is no such instrument")) : ok(instrument.id),
      )
      .andThen((instrument_id) => {
        const { day: onDay, kind, strength, symbol } = given
        const row = { instrument_id, day: onDay, kind, strength, detail: { by: "api" } }
        return db
          .one(db.insertInto("signals").values(row).returning(["id", "day", "kind", "strength"]), {
            name: "signals.give",
          })
          .map((written) => ({ ...written, symbol }))
          .orElse(
            catchConstraint("signals_instrument_day_kind_key", () =>
              err(refusal(409, "There is such a signal already")),
            ),
          )
          .mapErr((error) => {
            if (error.kind === "refusal") return error
            const errors = fieldErrors(error, { signals_strength_check: "must be between 0 and 1" })
            return errors === undefined ? error : refusal(422, "The signal cannot be given", errors)
          })
      }),
  )
}
