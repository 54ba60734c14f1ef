import type { ErrorBase } from "./error-base.ts"
import { saidOr, type Words } from "./words.ts"

export type AvailabilityKind =
  | "connection_failed"
  | "server_shutdown"
  | "server_starting"
  | "server_crashed"
  | "too_many_connections"
  | "resource_exhausted"
  | "pooler_unavailable"
  | "pool_closed"
  | "circuit_open"
  | "replication_unconfirmed"
  | "prepared_statement_missing"
  | "prepared_statement_exists"

/** The database cannot be reached or cannot serve now. Look at `effect` before doing it again. */
export type AvailabilityError<K extends AvailabilityKind> = ErrorBase<K, "availability">

export type ConnectionFailed = AvailabilityError<"connection_failed">
export type ServerShutdown = AvailabilityError<"server_shutdown">
export type ServerStarting = AvailabilityError<"server_starting">
export type ServerCrashed = AvailabilityError<"server_crashed">
export type TooManyConnections = AvailabilityError<"too_many_connections">
export type ResourceExhausted = AvailabilityError<"resource_exhausted">
export type PoolerUnavailable = AvailabilityError<"pooler_unavailable">
/** The server could not be reached for so long that it is not asked for the moment. Nothing was sent; see `retryAfterMs`. */
export type CircuitOpen = AvailabilityError<"circuit_open">
/** This database was closed by the program itself. */
export type PoolClosed = AvailabilityError<"pool_closed">
/** Committed on this server, and its synchronous standby has not confirmed it: effect `applied_locally`. */
export type ReplicationUnconfirmed = AvailabilityError<"replication_unconfirmed">
export type PreparedStatementMissing = AvailabilityError<"prepared_statement_missing">
export type PreparedStatementExists = AvailabilityError<"prepared_statement_exists">

export type AnyAvailabilityError =
  | ConnectionFailed
  | ServerShutdown
  | ServerStarting
  | ServerCrashed
  | TooManyConnections
  | ResourceExhausted
  | PoolerUnavailable
  | PoolClosed
  | CircuitOpen
  | ReplicationUnconfirmed
  | PreparedStatementMissing
  | PreparedStatementExists

export const AVAILABILITY_WORDS: Words<AvailabilityKind> = {
  connection_failed: (facts) =>
    facts.phase === "connect" || facts.phase === "acquire"
      ? "The database could not be reached"
      : "The connection to the database was lost",
  server_shutdown: () => "The server ended the connection, or is shutting down",
  server_starting: () => "The server is starting or recovering and takes no connections yet",
  server_crashed: () => "The server is restarting after a crash of one of its processes",
  too_many_connections: () => "The server has no connection left for this client",
  resource_exhausted: () => "The server is short of memory, disk or another resource",
  pooler_unavailable: () => "The connection pooler in front of the database cannot serve",
  circuit_open: (facts) =>
    saidOr(facts, "The server could not be reached for so long that it is not asked for the moment"),
  pool_closed: (facts) => saidOr(facts, "This database was closed"),
  replication_unconfirmed: () => "The wait for the synchronous standby was cut short",
  prepared_statement_missing: () => "A prepared statement is gone, as behind a pooler that switched sessions",
  prepared_statement_exists: () => "A prepared statement's name is taken, as behind a pooler that switched sessions",
}
