import type { Layer } from "./layers.ts"

/**
 * How bad the server says it is. `notice`: anything below an error. `unknown`: a word that we do not know, of which
 * nothing may be concluded.
 */
export type Rank = "notice" | "error" | "fatal" | "panic" | "unknown"

/**
 * pg's parser keeps only the localised severity (field S) and drops the other one (field V), so these are PostgreSQL's own
 * translations of it. A language that is missing here costs certainty and nothing else: see `rankOf`.
 */
const WORDS: Record<Exclude<Rank, "unknown">, string> = {
  error: "ERROR FEHLER ERREUR ERRORE ERRO BŁĄD FEL ОШИБКА ПОМИЛКА შეცდომა 오류 错误",
  fatal: "FATAL FATALE FATALT KATASTROFALNY ВАЖНО ФАТАЛЬНО ფატალური 치명적오류 致命错误",
  panic: "PANIC PANIK PANICO PÂNICO PANIKA ПАНИКА ПАНІКА პანიკა 손상 比致命错误还过分的错误",
  notice: [
    "WARNING NOTICE INFO LOG DEBUG WARNUNG HINWEIS ATTENTION ATTENZIONE NOTIFICA AVISO NOTA OSTRZEŻENIE UWAGA",
    "VARNING NOTIS LOGG ПРЕДУПРЕЖДЕНИЕ ЗАМЕЧАНИЕ ПОПЕРЕДЖЕННЯ ПОВІДОМЛЕННЯ გაფრთხილება 경고 알림 警告 注意",
  ].join(" "),
}

const RANKS: ReadonlyMap<string, Rank> = new Map(
  (["error", "fatal", "panic", "notice"] as const).flatMap((rank) =>
    WORDS[rank].split(" ").map((word): [string, Rank] => [word, rank]),
  ),
)

/** PostgreSQL itself says these only when it refuses or ends a session. */
export const ALWAYS_FATAL: ReadonlySet<string> = new Set(
  "25P03 25P04 28000 28P01 53300 57P01 57P02 57P03 57P04 57P05".split(" "),
)

/** A backend that has committed, or is being killed, may no longer say ERROR or FATAL: it warns and falls silent. */
export const SYNC_REP_ROUTINE = "SyncRepWaitForLSN"
export const QUICKDIE_ROUTINE = "quickdie"

/** `ready`: ReadyForQuery came after it, which only a session that lives on can send. */
export function rankOf(said: Layer, ready: boolean): Rank {
  if (said.name === "notice") return "notice"
  const known = said.severity === undefined ? undefined : RANKS.get(said.severity)
  if (known !== undefined) return known

  if (said.routine === SYNC_REP_ROUTINE || said.routine === QUICKDIE_ROUTINE) return "notice"
  if (ready) return "error"
  if (said.code !== undefined && ALWAYS_FATAL.has(said.code)) return "fatal"
  return "unknown"
}
