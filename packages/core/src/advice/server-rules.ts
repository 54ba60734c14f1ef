import type { ServerRule } from "./examined.ts"
import { applicationNameEmpty } from "./rules/application-name-empty.ts"
import { archivingFails } from "./rules/archiving-fails.ts"
import { autovacuumOff } from "./rules/autovacuum-off.ts"
import { checksumsOff } from "./rules/checksums-off.ts"
import { clockSkew } from "./rules/clock-skew.ts"
import { connectTimeoutLong } from "./rules/connect-timeout-long.ts"
import { connectionBudget } from "./rules/connection-budget.ts"
import { connectionLimit } from "./rules/connection-limit.ts"
import { connectionsNearlyExhausted } from "./rules/connections-nearly-exhausted.ts"
import { deadRows } from "./rules/dead-rows.ts"
import { duplicateIndexes } from "./rules/duplicate-indexes.ts"
import { extensionsBehind } from "./rules/extensions-behind.ts"
import { farAway } from "./rules/far-away.ts"
import { foreignKeysUnindexed } from "./rules/foreign-keys-unindexed.ts"
import { fsyncOff } from "./rules/fsync-off.ts"
import { fullPageWritesOff } from "./rules/full-page-writes-off.ts"
import { idleInTransaction } from "./rules/idle-in-transaction.ts"
import { idleSessionTimeout } from "./rules/idle-session-timeout.ts"
import { invalidIndexes } from "./rules/invalid-indexes.ts"
import { ioNotTimed } from "./rules/io-not-timed.ts"
import { keepaliveOff } from "./rules/keepalive-off.ts"
import { limitedView } from "./rules/limited-view.ts"
import { lockChain } from "./rules/lock-chain.ts"
import { lockWaitsNotLogged } from "./rules/lock-waits-not-logged.ts"
import { longTransactions } from "./rules/long-transactions.ts"
import { markerTableMissing } from "./rules/marker-table-missing.ts"
import { noClientCheck } from "./rules/no-client-check.ts"
import { noIdleInTransactionTimeout } from "./rules/no-idle-in-transaction-timeout.ts"
import { noLockTimeout } from "./rules/no-lock-timeout.ts"
import { noStatementTimeout } from "./rules/no-statement-timeout.ts"
import { passwordMd5 } from "./rules/password-md5.ts"
import { poolLifetimeLong } from "./rules/pool-lifetime-long.ts"
import { poolerBetween } from "./rules/pooler-between.ts"
import { preparedTransactions } from "./rules/prepared-transactions.ts"
import { replicaLag } from "./rules/replica-lag.ts"
import { sequenceNearlyExhausted } from "./rules/sequence-nearly-exhausted.ts"
import { serverKeepaliveSlow } from "./rules/server-keepalive-slow.ts"
import { serverReadOnly } from "./rules/server-read-only.ts"
import { slotInactive } from "./rules/slot-inactive.ts"
import { staleStatistics } from "./rules/stale-statistics.ts"
import { statementsNotTracked } from "./rules/statements-not-tracked.ts"
import { superuserRole } from "./rules/superuser-role.ts"
import { synchronousCommitOff } from "./rules/synchronous-commit-off.ts"
import { synchronousStandbyMissing } from "./rules/synchronous-standby-missing.ts"
import { tlsOff } from "./rules/tls-off.ts"
import { tlsUnverified } from "./rules/tls-unverified.ts"
import { unloggedTables } from "./rules/unlogged-tables.ts"
import { versionBehind } from "./rules/version-behind.ts"
import { versionEndOfLife } from "./rules/version-end-of-life.ts"
import { xidAge } from "./rules/xid-age.ts"

/** What a server, its database and this client's way to it can have wrong; in the order in which advice of the same severity is told. */
export const SERVER_RULES: readonly ServerRule[] = [
  serverReadOnly,
  fsyncOff,
  fullPageWritesOff,
  archivingFails,
  synchronousStandbyMissing,
  connectionsNearlyExhausted,
  xidAge,
  sequenceNearlyExhausted,
  lockChain,
  idleInTransaction,
  longTransactions,
  preparedTransactions,
  slotInactive,
  replicaLag,
  invalidIndexes,
  connectionBudget,
  connectionLimit,
  idleSessionTimeout,
  markerTableMissing,
  synchronousCommitOff,
  autovacuumOff,
  superuserRole,
  passwordMd5,
  tlsOff,
  tlsUnverified,
  keepaliveOff,
  serverKeepaliveSlow,
  noClientCheck,
  noStatementTimeout,
  noIdleInTransactionTimeout,
  noLockTimeout,
  connectTimeoutLong,
  poolLifetimeLong,
  poolerBetween,
  farAway,
  clockSkew,
  versionEndOfLife,
  versionBehind,
  extensionsBehind,
  checksumsOff,
  foreignKeysUnindexed,
  duplicateIndexes,
  staleStatistics,
  deadRows,
  unloggedTables,
  lockWaitsNotLogged,
  ioNotTimed,
  statementsNotTracked,
  applicationNameEmpty,
  limitedView,
]
