import { beforeAll, describe, expect, it } from "vitest"

import type { Advice } from "../../../examples/demo/app/advice.ts"
import { sameCloses, Truth, wrongMonths } from "../../../examples/demo/truth.ts"
import { readPrices } from "../../../examples/schema/prices.ts"

let truth: Truth
beforeAll(async () => {
  truth = new Truth(await readPrices())
})

const may = { from: "2008-05-01", to: "2008-05-31" }
const adviceOf = (...months: string[]) =>
  truth.months.filter(({ from }) => months.includes(from.slice(0, 7))).flatMap((month) => truth.adviceIn(month))

describe("Truth", () => {
  it("knows every trading day of the file once, month by month", () => {
    expect(truth.closes).toHaveLength(5_105)
    expect(truth.months).toHaveLength(244)
    expect(truth.months.at(-1)).toEqual({ from: "2020-04-01", to: "2020-04-30" })
    expect(truth.months.flatMap((month) => truth.closesIn(month))).toEqual(truth.closes)
  })

  it("answers for a period what one can look up in the file", () => {
    expect(truth.closesIn({ from: "2000-01-01", to: "2000-01-05" })).toEqual([
      { day: "2000-01-03", close: 1455.219971 },
      { day: "2000-01-04", close: 1399.420044 },
      { day: "2000-01-05", close: 1402.109985 },
    ])
    expect(truth.extremesIn({ from: "2000-01-01", to: "2000-01-05" })).toEqual({
      days: 3,
      lowest: 1377.680054,
      highest: 1478,
    })
    expect(truth.adviceIn(may)).toHaveLength(truth.closesIn(may).length)
  })
})

describe("sameCloses", () => {
  it.each<[string, (closes: { day: string; close: number }[]) => void]>([
    ["is missing", (closes) => void closes.pop()],
    ["is there twice", (closes) => void closes.push(closes.at(-1)!)],
    ["has another close", (closes) => void (closes[0] = { ...closes[0]!, close: 1 })],
    ["stands in another place", (closes) => void closes.unshift(closes.pop()!)],
  ])("sees that a row %s", (_, spoil) => {
    const found = [...truth.closesIn(may)]
    expect(sameCloses(found, truth.closesIn(may))).toBe(true)
    spoil(found)
    expect(sameCloses(found, truth.closesIn(may))).toBe(false)
  })
})

describe("wrongMonths", () => {
  const done = new Set(["2008-05", "2008-06"])

  it("accepts months that are done, and others that are there completely or not at all", () => {
    expect(wrongMonths(truth, adviceOf("2008-05", "2008-06"), done)).toEqual([])
    expect(wrongMonths(truth, adviceOf("2008-05", "2008-06", "2011-01"), done)).toEqual([])
  })

  it.each<[string, (advice: Advice[]) => void]>([
    ["is missing", (advice) => void advice.pop()],
    ["is there twice", (advice) => void advice.push(advice.at(-1)!)],
    ["says something else", (advice) => void (advice[advice.length - 1] = { ...advice.at(-1)!, kind: "sell" })],
    ["is not as sure", (advice) => void (advice[advice.length - 1] = { ...advice.at(-1)!, strength: 0.123 })],
  ])("names a month in which a signal %s", (_, spoil) => {
    const stored = adviceOf("2008-05", "2008-06")
    spoil(stored)
    expect(wrongMonths(truth, stored, done)).toEqual(["2008-06"])
  })

  it("names a month that was acknowledged and is not there, and one that is there by half", () => {
    expect(wrongMonths(truth, adviceOf("2008-05"), done)).toEqual(["2008-06"])
    const half = adviceOf("2011-01").slice(5)
    expect(wrongMonths(truth, [...adviceOf("2008-05", "2008-06"), ...half], done)).toEqual(["2011-01"])
  })
})
