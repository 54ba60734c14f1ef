/** Where and at what a rule fired. */
export interface Hit {
  /** Which connection, counted from 1. */
  readonly connection: number
  /** Undefined before the server has said it. */
  readonly backendPid: number | undefined
  /** Undefined before the client has said it. */
  readonly applicationName: string | undefined
  /** The statements that the message belongs to. */
  readonly sql: readonly string[]
}
