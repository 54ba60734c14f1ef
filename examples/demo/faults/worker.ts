/** The faults' own writes carry this in the ledger; the crew's workers count from 1. */
export const FAULT_WORKER = 0
