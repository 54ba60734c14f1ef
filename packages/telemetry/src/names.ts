/** The conventions' names, as stable (`db.client.connection.*`: in development) in OpenTelemetry's semantic conventions 1.45.0. */
export const DB_SYSTEM_NAME = "db.system.name"
export const DB_NAMESPACE = "db.namespace"
export const DB_QUERY_SUMMARY = "db.query.summary"
export const DB_QUERY_TEXT = "db.query.text"
export const DB_RESPONSE_STATUS_CODE = "db.response.status_code"
export const ERROR_TYPE = "error.type"
export const SERVER_ADDRESS = "server.address"
export const SERVER_PORT = "server.port"
export const POOL_NAME = "db.client.connection.pool.name"
export const CONNECTION_STATE = "db.client.connection.state"

export const EXCEPTION_TYPE = "exception.type"
export const EXCEPTION_MESSAGE = "exception.message"
/** In development, as a whole. */
export const EXCEPTION_EVENT = "db.client.operation.exception"

export const OPERATION_DURATION = "db.client.operation.duration"
export const CONNECTION_CREATE_TIME = "db.client.connection.create_time"
export const CONNECTION_WAIT_TIME = "db.client.connection.wait_time"
export const CONNECTION_USE_TIME = "db.client.connection.use_time"

/** What is ours begins with it. */
export const OWN = "kysely_resilient"

export const ATTEMPT = "kysely_resilient.attempt"
export const ATTEMPTS = "kysely_resilient.attempts"
export const EFFECT = "kysely_resilient.effect"
export const LABEL = "kysely_resilient.label"
export const RETRY_EVENT = "kysely_resilient.retry"
export const RETRIED = "kysely_resilient.retry.what"
export const RETRY_BACKOFF = "kysely_resilient.retry.backoff"
export const OUTCOME = "kysely_resilient.transaction.outcome"

export type Attributes = Readonly<Record<string, string | number>>
