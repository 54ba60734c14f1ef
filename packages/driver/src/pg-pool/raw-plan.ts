import type { Plan } from "../execution/plan.ts"
import type { Exchange } from "../postgres/exchange.ts"

/** The same plan in all of its forms, but for its rows, which stay as the server has sent them: `pg`'s own code parses them. */
export function withRawRows(plan: Plan): Plan {
  const { exchangeOn, on, ifWrite, ifNotCounted } = plan
  return {
    ...plan,
    exchangeOn: (connection) => raw(exchangeOn(connection)),
    ifWrite: ifWrite && withRawRows(ifWrite),
    ...(ifNotCounted !== undefined && { ifNotCounted: withRawRows(ifNotCounted) }),
    ...(on !== undefined && { on: (connection) => withRawRows(on(connection)) }),
  }
}

export function raw(exchange: Exchange): Exchange {
  exchange.raw = true
  return exchange
}
