import type { Frame } from "./frames.ts"

const CLIENT_MESSAGES = {
  B: "Bind",
  C: "Close",
  c: "CopyDone",
  D: "Describe",
  d: "CopyData",
  E: "Execute",
  F: "FunctionCall",
  f: "CopyFail",
  H: "Flush",
  P: "Parse",
  p: "Password",
  Q: "Query",
  S: "Sync",
  X: "Terminate",
} as const

const SERVER_MESSAGES = {
  "1": "ParseComplete",
  "2": "BindComplete",
  "3": "CloseComplete",
  A: "NotificationResponse",
  C: "CommandComplete",
  c: "CopyDone",
  D: "DataRow",
  d: "CopyData",
  E: "ErrorResponse",
  G: "CopyInResponse",
  H: "CopyOutResponse",
  I: "EmptyQueryResponse",
  K: "BackendKeyData",
  N: "NoticeResponse",
  n: "NoData",
  R: "Authentication",
  S: "ParameterStatus",
  s: "PortalSuspended",
  T: "RowDescription",
  t: "ParameterDescription",
  V: "FunctionCallResponse",
  v: "NegotiateProtocolVersion",
  W: "CopyBothResponse",
  Z: "ReadyForQuery",
} as const

/** The first message of a connection says by a number what it is. */
const STARTUP_MESSAGES = { 80877102: "CancelRequest", 80877103: "SSLRequest", 80877104: "GSSENCRequest" } as const

type ValueOf<T> = T[keyof T]

/** What a client sends, by the names of PostgreSQL's documentation. */
export type ClientMessage = ValueOf<typeof CLIENT_MESSAGES> | ValueOf<typeof STARTUP_MESSAGES> | "StartupMessage"
/** What a server sends; "EncryptionAnswer" is the single byte after SSLRequest and GSSENCRequest. */
export type ServerMessage = ValueOf<typeof SERVER_MESSAGES> | "EncryptionAnswer"

const clientNames: ReadonlyMap<string, ClientMessage> = new Map(Object.entries(CLIENT_MESSAGES))
const serverNames: ReadonlyMap<string, ServerMessage> = new Map(Object.entries(SERVER_MESSAGES))
const startupNames: ReadonlyMap<string, ClientMessage> = new Map(Object.entries(STARTUP_MESSAGES))

/** Undefined for a letter that the protocol does not have. */
export function clientMessage(frame: Frame): ClientMessage | undefined {
  if (frame.type !== "") return clientNames.get(frame.type)
  if (frame.payload.length < 4) return undefined
  return startupNames.get(String(frame.payload.readUInt32BE(0))) ?? "StartupMessage"
}

export function serverMessage(frame: Frame): ServerMessage | undefined {
  return frame.type === "" ? "EncryptionAnswer" : serverNames.get(frame.type)
}

/** The text at `offset` up to its NUL, or up to the end of what we have of a long one. */
export function textAt(payload: Buffer, offset: number): { readonly text: string; readonly next: number } {
  const nul = payload.indexOf(0, offset)
  const end = nul === -1 ? payload.length : nul
  return { text: payload.toString("utf8", offset, end), next: Math.min(end + 1, payload.length) }
}

/** The name and value pairs of a StartupMessage: user, database, application_name and so on. */
export function startupParameters(payload: Buffer): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (let offset = 4; offset < payload.length;) {
    const name = textAt(payload, offset)
    if (name.text === "") break
    const value = textAt(payload, name.next)
    parameters.set(name.text, value.text)
    offset = value.next
  }
  return parameters
}

/** The fields of an ErrorResponse or NoticeResponse by their letters: S, V, C (SQLSTATE), M (message) and so on. */
export function errorFields(payload: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (let offset = 0; offset < payload.length && payload[offset] !== 0;) {
    const { text, next } = textAt(payload, offset + 1)
    fields.set(String.fromCharCode(payload[offset] ?? 0), text)
    offset = next
  }
  return fields
}

/** What an injected ErrorResponse or NoticeResponse says; more letters than these are in the documentation. */
export interface ErrorFields {
  /** Default "ERROR", and for a notice "NOTICE". */
  readonly severity?: string
  /** SQLSTATE. */
  readonly code: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
  /** With `file`, what tells the server's own errors from a pooler's. */
  readonly routine?: string
  readonly file?: string
  readonly line?: string
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly dataType?: string
  readonly constraint?: string
}

/** A message from the server that the server has not sent. */
export type InjectedMessage =
  | ({ readonly kind: "ErrorResponse" | "NoticeResponse" } & ErrorFields)
  | { readonly kind: "ReadyForQuery"; readonly status: "I" | "T" | "E" }
  /** Whatever you like, headers included: what no server would send. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }

export function encode(injected: InjectedMessage): Buffer {
  if (injected.kind === "bytes") return Buffer.from(injected.bytes)
  if (injected.kind === "ReadyForQuery") return typed("Z", Buffer.from(injected.status))
  const severity = injected.severity ?? (injected.kind === "ErrorResponse" ? "ERROR" : "NOTICE")
  const fields = [
    ["S", severity],
    ["V", severity],
    ["C", injected.code],
    ["M", injected.message],
    ["D", injected.detail],
    ["H", injected.hint],
    ["s", injected.schema],
    ["t", injected.table],
    ["c", injected.column],
    ["d", injected.dataType],
    ["n", injected.constraint],
    ["F", injected.file],
    ["L", injected.line],
    ["R", injected.routine],
  ]
  const said = fields.filter(([, value]) => value !== undefined)
  const text = said.map(([letter, value]) => `${letter}${value}\0`).join("")
  return typed(injected.kind === "ErrorResponse" ? "E" : "N", Buffer.from(`${text}\0`))
}

function typed(type: string, payload: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.write(type, "latin1")
  header.writeUInt32BE(payload.length + 4, 1)
  return Buffer.concat([header, payload])
}
