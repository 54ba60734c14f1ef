export { dockerAnswers, startContainerPostgres } from "./container.ts"
export type { ContainerPostgresOptions, DockerAnswer } from "./container.ts"
export { isolatedDatabase } from "./databases/isolated.ts"
export type { IsolatedDatabase } from "./databases/isolated.ts"
export { createTemplate, dropTemplate } from "./databases/template.ts"
export { findInstalledPostgres } from "./embedded/binaries.ts"
export { startEmbeddedPostgres, startLocalPostgres } from "./embedded/embedded.ts"
export type { EmbeddedPostgresOptions } from "./embedded/embedded.ts"
export type { OwnServer } from "./embedded/own-server.ts"
export type { SettingValue } from "./embedded/settings.ts"
export { serverFaults } from "./faults/server-faults.ts"
export type { ServerFault, ServerFaultName, StruckFault, Victims } from "./faults/server-faults.ts"
export { usePostgres } from "./given-server.ts"
export { databaseUrl, NoPostgresError } from "./server.ts"
export type { PostgresServer, ServerOrigin } from "./server.ts"
export type { SqlClient } from "./sql-client.ts"
export { startPostgres, TEST_URL_VARIABLE } from "./start.ts"
export type { StartPostgresOptions } from "./start.ts"
export { call, cut, delay, drop, inject, stall, throttle, truncate } from "./proxy/action.ts"
export type { Action, CutHow, Direction, Side } from "./proxy/action.ts"
export type { ProxiedConnection } from "./proxy/connection.ts"
export type { Hit } from "./proxy/hit.ts"
export {
  afterAllIsSent,
  afterCancelRequest,
  afterCommitIsReady,
  afterCommitIsSent,
  afterFetchIsSent,
  afterReady,
  afterRows,
  afterServerHasCommit,
  afterServerHasRelease,
  afterServerHasRollback,
  afterServerHasRollbackTo,
  afterServerHasSavepoint,
  afterStatementIsSent,
  afterSuspension,
  beforeAnswer,
  beforeBeginIsAnswered,
  beforeBeginReachesServer,
  beforeCommitReachesServer,
  beforeExecute,
  beforeFetch,
  beforeFirstRow,
  beforePortalIsClosed,
  beforeReady,
  beforeRelease,
  beforeRollbackReachesServer,
  beforeRollbackTo,
  beforeSavepoint,
  beforeStatement,
  beforeSuspension,
  beforeSync,
  betweenCommitCompleteAndReady,
  insideAnswer,
  insideCommit,
  insideCommitAnswer,
  insideRow,
  insideStatement,
  onCancelRequest,
  onConnect,
  onLogin,
  onPassword,
  onStartup,
} from "./proxy/instants.ts"
export type { At, Matcher } from "./proxy/matcher.ts"
export type { ClientMessage, ErrorFields, InjectedMessage, ServerMessage } from "./proxy/messages.ts"
export { instant, INSTANTS } from "./proxy/named-instants.ts"
export type { Episode, Instant, InstantName } from "./proxy/named-instants.ts"
export { startFaultProxy } from "./proxy/proxy.ts"
export type { FaultProxy, FaultProxyOptions } from "./proxy/proxy.ts"
export type { Rule, RuleHandle } from "./proxy/rules.ts"
