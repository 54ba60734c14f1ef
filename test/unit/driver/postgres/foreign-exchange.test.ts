import { ForeignExchange } from "@kysely-resilient/driver/src/postgres/foreign-exchange.ts"
import { expect, it } from "vitest"

import { ScriptedWire } from "../../../support/scripted-client.ts"

it("tells its owner of an error once, from how many sides it may come", () => {
  const told: unknown[] = []
  const exchange = new ForeignExchange({ submit() {}, handleError: (error: unknown) => told.push(error) } as object as {
    submit(): void
  })
  exchange.submit(new ScriptedWire())
  exchange.handleError("first")
  exchange.handleError("second")
  expect(told).toEqual(["first"])
  expect(exchange.error).toBe("first")
})

it("asks for an answer where its owner has sent nothing", () => {
  const wire = new ScriptedWire()
  const refusal = new Error("I will not")
  const exchange = new ForeignExchange({ submit: () => refusal })
  expect(exchange.submit(wire)).toBeNull()
  expect(exchange.error).toBe(refusal)
  expect(wire.groups).toEqual([[{ type: "sync" }]])
})

it("lets those be that do not want to hear of something", () => {
  const exchange = new ForeignExchange({ submit() {} })
  exchange.handleRowDescription({ fields: [] })
  exchange.handleCommandComplete({ text: "SELECT 0" })
  exchange.handleReadyForQuery()
  expect(exchange.completed).toBe(1)
  expect(exchange.answered).toBe(true)
})
