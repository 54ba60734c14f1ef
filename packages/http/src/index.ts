export { createHandler } from "./handler.ts"
export type { Handler } from "./handler.ts"
export type { Action, HandlerOptions, MetricsRegistry } from "./options.ts"
export type {
  DatabaseFacts,
  LiveConnection,
  LiveConnections,
  LiveDatabase,
  LiveEvent,
  LiveHello,
  LiveMessage,
  LiveQueries,
  LiveQuery,
  LiveSample,
  LiveSecond,
} from "./live/messages.ts"
