export { openTelemetry } from "./open-telemetry.ts"
export { traceparent } from "./traceparent.ts"
export type { EventLogger, OpenTelemetryOptions } from "./options.ts"
export type { Source } from "../source.ts"
