export { createHandler } from "./handler.ts"
export type { Handler } from "./handler.ts"
export type { Action, HandlerOptions, MetricsRegistry } from "./options.ts"
export type {
  Concern,
  DatabaseFacts,
  LiveConnection,
  LiveConnections,
  LiveDatabase,
  LiveEvent,
  LiveHello,
  LiveMessage,
  LiveQueries,
  LivePool,
  LiveQuery,
  LiveSample,
  LiveSecond,
} from "./live/messages.ts"

export { jsonResponse, problemResponse, respond } from "./respond.ts"
export type { Answers } from "./respond.ts"

export { inRequest } from "./scope/in-request.ts"
export type { RequestOptions, RequestReport } from "./scope/options.ts"
export { Requests } from "./scope/requests.ts"
export type { RequestFacts } from "./scope/requests.ts"
export type { RequestScope } from "./scope/request-scope.ts"
