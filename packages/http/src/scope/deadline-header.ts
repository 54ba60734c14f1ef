const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 }

/**
 * How long whoever sent a request will wait, milliseconds: a whole number of them, as `x-envoy-expected-rq-timeout-ms` has it, or with a unit, as
 * `grpc-timeout` (`5S`, `100m`). Undefined for what cannot be read: it is no reason to give a request no time.
 */
export function readDeadline(value: string | null): number | undefined {
  const found = /^\s*(?<amount>\d{1,9})(?<unit>[HMSmun])?\s*$/.exec(value ?? "")?.groups
  if (found === undefined) return undefined
  const { amount, unit = "m" } = found
  return Number(amount) * (UNIT_MS[unit] ?? 1)
}
