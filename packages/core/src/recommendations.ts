import type { Advice } from "./advice/advice.ts"
import type { ReportedAdvice } from "./health/report.ts"

/** Advice as the report has it. */
export function recommended({
  severity,
  message,
  action,
  code,
  sql,
  docs,
  evidence,
  since,
  passed,
}: Advice): ReportedAdvice {
  return {
    severity,
    message,
    action,
    code,
    ...(sql !== undefined && { sql }),
    docs,
    evidence,
    since: new Date(since).toISOString(),
    ...(passed !== undefined && { passed }),
  }
}
