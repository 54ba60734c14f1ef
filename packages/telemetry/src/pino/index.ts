export { logEvents } from "./log-events.ts"
export type { LogOptions, Logger } from "./log-events.ts"
export type { Source } from "../source.ts"
