import type { EventEmitter } from "node:events"
import type { Socket } from "node:net"
import type { ConnectionOptions as TlsOptions } from "node:tls"

import pg from "pg"

import { FrameGuard } from "./frame-guard.ts"

/**
 * What we use of `pg` beyond its documentation, in one place; `test/integration/driver/pg-internals.test.ts` is its contract test.
 * `pg` keeps TLS, SCRAM, start-up and the frame parser; statements, rows, errors and the end of a connection are ours.
 */

/** The handlers that `pg.Client` calls on whatever it was given to run (lib/client.js, `_handle…`). */
export interface Submittable {
  submit(connection: PgWire): Error | null | undefined
  handleRowDescription(message: { readonly fields: readonly FieldDescription[] }): void
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void
  handlePortalSuspended(connection: PgWire): void
  handleEmptyQuery(connection: PgWire): void
  handleCommandComplete(message: { readonly text: string }, connection: PgWire): void
  handleCopyInResponse(connection: PgWire): void
  handleCopyData(message: unknown, connection: PgWire): void
  handleReadyForQuery(connection: PgWire): void
  handleError(error: unknown, connection: PgWire): void
}

/** An error or a notice of the server; and what the frame parser throws, which has none of these. */
export interface ServerMessage {
  readonly severity?: unknown
  readonly code?: unknown
  readonly routine?: unknown
}

export interface FieldDescription {
  readonly name: string
  readonly dataTypeID: number
  /** Of the column that it shows as it is; 0 or nothing for everything else. */
  readonly tableID?: number
  readonly columnID?: number
}

/** `client.connection`: one event per backend message (lib/connection.js). */
export interface PgWire extends EventEmitter {
  readonly stream: Socket
  /** What it knows to be prepared in the session: texts by name. */
  parsedStatements: Record<string, string>
  attachListeners(stream: unknown): void
  startup(parameters: Readonly<Record<string, unknown>>): void
  connect(port: number | string, host?: string): void
  requestSsl(): void
  cancel(processId: number, secretKey: number): void
  sendCopyFail(message: string): void
  sync(): void
  end(): void
}

export interface PgClient extends EventEmitter {
  readonly connection: PgWire
  readonly processID: number | null
  readonly secretKey: number | null
  connect(callback: (error: unknown) => void): void
  query(submittable: Submittable): void
  getTypeParser(oid: number, format?: "text" | "binary"): (text: string) => unknown
}

/** Where `pg` looks for the parser of a type. */
export interface TypeSource {
  getTypeParser(oid: number, format?: "text" | "binary"): (text: string) => unknown
}

/** Parsers of one's own in front of those of `pg.types` (lib/type-overrides.js). */
export interface TypeOverrides extends TypeSource {
  setTypeParser(oid: number, format: unknown, parser?: unknown): void
}

/** The answer to one statement as `pg` gives it (lib/result.js). */
export interface PgResult {
  command: string | null
  rowCount: number | null
  readonly rows: unknown[]
  addFields(fields: readonly FieldDescription[]): void
  parseRow(values: readonly (string | null)[]): unknown
  addCommandComplete(message: { readonly text: string }): void
}

/** A socket that is not connected yet. */
export type MakeSocket = () => Socket

export interface PgClientConfig {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly password: string | (() => string | Promise<string>) | null | undefined
  readonly ssl: false | TlsOptions
  readonly application_name?: string
  readonly options?: string
  readonly enableChannelBinding: boolean
  readonly keepAlive: boolean
  readonly keepAliveInitialDelayMillis: number
  /** Default: one of Node's. */
  readonly stream?: MakeSocket
}

interface PgModule {
  readonly Client: { readonly prototype: object; new (config: PgClientConfig): PgClient }
  readonly Connection: new (config: { readonly ssl: false | TlsOptions; readonly stream?: MakeSocket }) => PgWire
  readonly Pool: { readonly prototype: object }
  readonly Result: new (rowMode: string | undefined, types: TypeSource | undefined) => PgResult
  readonly TypeOverrides: new (types: TypeSource | undefined) => TypeOverrides
  readonly utils: { prepareValue(value: unknown): string | Buffer | null }
  escapeIdentifier(text: string): string
  escapeLiteral(text: string): string
}

// The published types describe only what is documented; the shapes above are what the contract test checks.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- so it is checked there, and not here
const module = pg as unknown as PgModule

export function createPgClient(config: PgClientConfig): PgClient {
  const client = new module.Client(config)
  guardParser(client.connection)
  askForDates(client.connection)
  return client
}

/** A bare wire, for a CancelRequest. */
export function createPgWire(ssl: false | TlsOptions, stream?: MakeSocket): PgWire {
  const wire = new module.Connection({ ssl, ...(stream !== undefined && { stream }) })
  guardParser(wire)
  return wire
}

/** How `pg` turns a JavaScript value into a parameter: text, bytes, or null. Throws what `toJSON` or `toPostgres` throws. */
export function prepareValue(value: unknown): string | Buffer | null {
  return module.utils.prepareValue(value)
}

export function createPgResult(rowMode: string | undefined, types: TypeSource | undefined): PgResult {
  return new module.Result(rowMode, types)
}

/** @param types in front of `pg.types`, if there are any */
export function createTypeOverrides(types: TypeSource | undefined): TypeOverrides {
  return new module.TypeOverrides(types)
}

export const pgClientPrototype: object = module.Client.prototype
export const pgPoolPrototype: object = module.Pool.prototype
export const escapeIdentifier = (text: string): string => module.escapeIdentifier(text)
export const escapeLiteral = (text: string): string => module.escapeLiteral(text)

/**
 * `pg` reads dates in ISO style only, and gives null for all others, whoever has set them: an administrator for the server,
 * the database or the role. A start-up parameter wins over those, RESET returns to it, and all poolers know this one. It
 * leaves the order of day and month as it is.
 */
function askForDates(wire: PgWire): void {
  const startup = wire.startup.bind(wire)
  wire.startup = (parameters) => startup({ ...parameters, DateStyle: "ISO" })
}

/**
 * The frame parser and every handler under it run inside the socket's `data` event, where a throw would be an
 * uncaught exception. Guarded, a frame that cannot be digested ends this connection and nothing else; nor does the parser
 * get to see what it would hang on.
 */
function guardParser(wire: PgWire): void {
  const attach = wire.attachListeners.bind(wire)
  wire.attachListeners = (stream) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- pg has just opened it, or wrapped it in TLS
    const socket = stream as Socket
    const guard = new FrameGuard()
    attach({
      on: (event: string, listener: (chunk: unknown) => void) =>
        socket.on(event, (chunk: unknown) => {
          try {
            if (!Buffer.isBuffer(chunk)) return listener(chunk)
            const good = guard.inspect(chunk)
            if (good === chunk.length) return listener(chunk)
            if (good > 0) listener(chunk.subarray(0, good))
            throw new Error("received invalid response: bytes that are no message of a server")
          } catch (error) {
            socket.destroy(error instanceof Error ? error : new Error(String(error)))
          }
        }),
    })
  }
}
