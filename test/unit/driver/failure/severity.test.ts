import { describe, expect, it } from "vitest"

import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import { rankOf } from "@kysely-resilient/driver/src/failure/severity.ts"
import { sent, serverError } from "./support.ts"

const said = (
  severity: string,
  code = "57P01",
): { message: string; severity: string; code: string; routine: string } => ({
  message: "",
  severity,
  code,
  routine: "ProcessInterrupts",
})

describe("a severity in PostgreSQL's own translations", () => {
  it.each([
    ["de", "FEHLER", "FATAL", "PANIK", "WARNUNG"],
    ["es", "ERROR", "FATAL", "PANIC", "WARNING"],
    ["fr", "ERREUR", "FATAL", "PANIC", "ATTENTION"],
    ["it", "ERRORE", "FATALE", "PANICO", "ATTENZIONE"],
    ["ja", "ERROR", "FATAL", "PANIC", "WARNING"],
    ["ka", "შეცდომა", "ფატალური", "პანიკა", "გაფრთხილება"],
    ["ko", "오류", "치명적오류", "손상", "경고"],
    ["pl", "BŁĄD", "KATASTROFALNY", "PANIKA", "OSTRZEŻENIE"],
    ["pt_BR", "ERRO", "FATAL", "PÂNICO", "AVISO"],
    ["ru", "ОШИБКА", "ВАЖНО", "ПАНИКА", "ПРЕДУПРЕЖДЕНИЕ"],
    ["sv", "FEL", "FATALT", "PANIK", "VARNING"],
    ["uk", "ПОМИЛКА", "ФАТАЛЬНО", "ПАНІКА", "ПОПЕРЕДЖЕННЯ"],
    ["zh_CN", "错误", "致命错误", "比致命错误还过分的错误", "警告"],
  ])("%s", (_, error, fatal, panic, warning) => {
    expect(rankOf(said(error), false)).toBe("error")
    expect(rankOf(said(fatal), false)).toBe("fatal")
    expect(rankOf(said(panic), false)).toBe("panic")
    expect(rankOf(said(warning), false)).toBe("notice")
  })

  it("decides, whatever the code usually means", () => {
    const raised = serverError("57P01", { severity: "ОШИБКА" })
    expect(classify(raised, sent("write"))).toMatchObject({ connection: "discard", effect: "not_applied" })
    const panicked = serverError("XX000", { severity: "PANIK" })
    expect(classify(panicked, sent("commit"))).toMatchObject({ kind: "server_crashed", effect: "unknown" })
  })
})

describe("a severity in a language that we do not know", () => {
  it("was an ERROR, if the session went on", () => {
    expect(rankOf(said("HATA", "23505"), true)).toBe("error")
    expect(classify(serverError("23505", { severity: "HATA" }), sent("write", { ready: true })).effect).toBe(
      "not_applied",
    )
  })

  it("was FATAL, if the code never means anything less", () => {
    expect(rankOf(said("ÖLÜMCÜL", "57P01"), false)).toBe("fatal")
    expect(classify(serverError("57P01", { severity: "ÖLÜMCÜL" }), sent("commit"))).toMatchObject({
      connection: "discard",
      effect: "not_applied",
    })
  })

  it("was a warning, if a backend said it that must not say more", () => {
    expect(rankOf({ ...said("UYARI"), routine: "SyncRepWaitForLSN" }, false)).toBe("notice")
    expect(rankOf({ ...said("UYARI"), routine: "quickdie" }, false)).toBe("notice")
  })

  it("may otherwise have been a PANIC, so the effect is unknown", () => {
    expect(rankOf(said("KRİTİK", "XX000"), false)).toBe("unknown")
    expect(classify(serverError("23505", { severity: "HATA" }), sent("write")).effect).toBe("unknown")
    expect(classify(serverError("23505", { severity: "HATA" }), sent("transaction")).effect).toBe("not_applied")
  })
})

it("a notice is a notice, whatever it calls itself", () => {
  expect(rankOf({ ...said("FATAL"), name: "notice" }, false)).toBe("notice")
})

it("no severity at all is read like one that we do not know", () => {
  expect(rankOf({ message: "", code: "57P03" }, false)).toBe("fatal")
  expect(rankOf({ message: "", code: "23505" }, false)).toBe("unknown")
})
