export { createHandler } from "./handler.ts"
export type { Handler } from "./handler.ts"
export type { Action, HandlerOptions, MetricsRegistry } from "./options.ts"
export type { LiveEvent, LiveHello, LiveMessage, LiveSample } from "./live/messages.ts"
