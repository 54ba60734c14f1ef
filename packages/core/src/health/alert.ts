import type { HealthStatus, Reason } from "./judge.ts"
import type { Health } from "./monitor.ts"

export type AlertSeverity = "info" | "warning" | "critical"

/** Something that a person may want to know now. */
export interface Alert {
  readonly kind: "status_changed" | "threshold_crossed"
  readonly severity: AlertSeverity
  /** `STATUS_HEALTHY`, `STATUS_DEGRADED`, `STATUS_CRITICAL`, or the code of the reason whose threshold was crossed. */
  readonly code: string
  readonly message: string
  readonly status: HealthStatus
  readonly previousStatus: HealthStatus
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly value?: number
  readonly threshold?: number
}

const SEVERITY: Readonly<Record<HealthStatus, AlertSeverity>> = {
  healthy: "info",
  degraded: "warning",
  critical: "critical",
}

/** What became news between two looks: another status, and every reason that was not there before. */
export function alertsFor(now: Health, before: Health, at: number): readonly Alert[] {
  const common = { status: now.status, previousStatus: before.status, at }
  const alerts: Alert[] = []
  if (now.status !== before.status) {
    alerts.push({
      kind: "status_changed",
      severity: SEVERITY[now.status],
      code: `STATUS_${now.status.toUpperCase()}`,
      message: statusMessage(now, before),
      ...common,
    })
  }
  for (const reason of now.reasons) {
    const { code, message, value, threshold } = reason
    if (threshold === undefined || before.reasons.some((known) => known.code === code)) continue
    alerts.push({
      kind: "threshold_crossed",
      severity: severityOf(reason),
      code,
      message,
      ...common,
      ...(value !== undefined && { value }),
      threshold,
    })
  }
  return alerts
}

/** A low success rate degrades, and is what people want to be woken for. */
function severityOf({ code, status }: Reason): AlertSeverity {
  return status === "critical" || code === "LOW_SUCCESS_RATE" ? "critical" : "warning"
}

function statusMessage(now: Health, before: Health): string {
  const why = now.reasons.map(({ message }) => message).join("; ")
  return `The database is ${now.status}; it was ${before.status}${why === "" ? "" : `. ${why}`}`
}
