import type { Words } from "./backend-messages.ts"

/** What ends a statement, or a session. */
export class Complaint extends Error {
  readonly words: Words

  constructor(severity: Words["severity"], code: string, message: string, routine: string) {
    super(message)
    this.words = { severity, code, message, routine }
  }
}

export const complaints = {
  cancelled: () => new Complaint("ERROR", "57014", "canceling statement due to user request", "ProcessInterrupts"),
  statementTimeout: () =>
    new Complaint("ERROR", "57014", "canceling statement due to statement timeout", "ProcessInterrupts"),
  lockTimeout: () => new Complaint("ERROR", "55P03", "canceling statement due to lock timeout", "ProcessInterrupts"),
  deadlock: () => new Complaint("ERROR", "40P01", "deadlock detected", "DeadLockReport"),
  serialization: () =>
    new Complaint("ERROR", "40001", "could not serialize access due to concurrent update", "ExecUpdate"),
  terminated: () =>
    new Complaint("FATAL", "57P01", "terminating connection due to administrator command", "ProcessInterrupts"),
  startingUp: () => new Complaint("FATAL", "57P03", "the database system is starting up", "ProcessStartupPacket"),
  tooMany: () => new Complaint("FATAL", "53300", "sorry, too many clients already", "InitProcess"),
  aborted: () =>
    new Complaint(
      "ERROR",
      "25P02",
      "current transaction is aborted, commands ignored until end of transaction block",
      "exec_simple_query",
    ),
  readOnly: (what: string) =>
    new Complaint("ERROR", "25006", `cannot execute ${what} in a read-only transaction`, "PreventCommandIfReadOnly"),
  duplicate: (constraint: string) =>
    new Complaint(
      "ERROR",
      "23505",
      `duplicate key value violates unique constraint "${constraint}"`,
      "_bt_check_unique",
    ),
  noSavepoint: (name: string) =>
    new Complaint("ERROR", "3B001", `savepoint "${name}" does not exist`, "RollbackToSavepoint"),
  noPortal: (name: string) =>
    new Complaint("ERROR", "34000", `portal "${name}" does not exist`, "exec_execute_message"),
  noTable: (name: string) => new Complaint("ERROR", "42P01", `relation "${name}" does not exist`, "parserOpenTable"),
  noReadWrite: () =>
    new Complaint(
      "ERROR",
      "0A000",
      "cannot set transaction read-write mode during recovery",
      "check_transaction_read_only",
    ),
  future: (xid: number) =>
    new Complaint("ERROR", "22023", `transaction ID ${xid} is in the future`, "TransactionIdInRecentPast"),
}

export const notices = {
  noTransaction: {
    severity: "WARNING",
    code: "25P01",
    message: "there is no transaction in progress",
    routine: "EndTransactionBlock",
  },
  transactionInProgress: {
    severity: "WARNING",
    code: "25001",
    message: "there is already a transaction in progress",
    routine: "BeginTransactionBlock",
  },
  crash: {
    severity: "WARNING",
    code: "57P02",
    message: "terminating connection because of crash of another server process",
    routine: "quickdie",
  },
  syncRepCancelled: {
    severity: "WARNING",
    code: "01000",
    message: "canceling wait for synchronous replication due to user request",
    routine: "SyncRepWaitForLSN",
  },
  syncRepTerminated: {
    severity: "WARNING",
    code: "57P01",
    message: "canceling the wait for synchronous replication and terminating connection due to administrator command",
    routine: "SyncRepWaitForLSN",
  },
} as const satisfies Record<string, Words>
