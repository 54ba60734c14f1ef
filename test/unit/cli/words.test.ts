import { counted, milliseconds, printable, span } from "@kysely-resilient/cli/src/words.ts"
import { expect, it } from "vitest"

it.each([
  [0, "0 s"],
  [59.4, "59 s"],
  [60, "1 min"],
  [192, "3 min 12 s"],
  [7_500, "2 h 5 min"],
  [90_000, "1 d 1 h"],
  [-3, "0 s"],
])("a span of %d seconds is %s", (seconds, words) => expect(span(seconds)).toBe(words))

it.each([
  [0.44, "0.4 ms"],
  [87.2, "87 ms"],
  [2_140, "2.1 s"],
])("%d milliseconds are %s", (ms, words) => expect(milliseconds(ms)).toBe(words))

it("counts one and many", () => {
  expect([counted(1, "note", "notes"), counted(0, "note", "notes"), counted(1_523, "note", "notes")]).toEqual([
    "1 note",
    "0 notes",
    "1,523 notes",
  ])
})

it.each([
  ["a\u001B[31mred", "a\uFFFD[31mred"],
  ["\u009B2J", "\uFFFD2J"],
  ["over\rwritten\u0007\u007F", "over\uFFFDwritten\uFFFD\uFFFD"],
  ["\u202Egnp.exe", "\uFFFDgnp.exe"],
  ["Ä 木 🟢\tand\nso on", "Ä 木 🟢\tand\nso on"],
])("%j is printed as %j", (text, printed) => expect(printable(text)).toBe(printed))
