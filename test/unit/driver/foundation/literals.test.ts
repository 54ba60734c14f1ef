import { literalsOf, withoutLiterals } from "@kysely-resilient/driver/src/foundation/literals.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

describe("a text without its literals", () => {
  it.each([
    ["select * from users where email = 'ann@x.org'", "select * from users where email = ?"],
    ["select 'it''s', \"it's\", 'b'", 'select ?, "it\'s", ?'],
    ["select E'a\\'b', e'c', U&'\\0041', u&'x'", "select ?, ?, ?, ?"],
    ["select B'101', x'ff', N'n'", "select B?, x?, N?"],
    ["select $$a 'b' 1$$, $tag$ $$ $tag$", "select ?, ?"],
    ["select 1, 1.5, .5, 1e10, 1.5e-3, 0xCAFE, 1_000, -7", "select ?, ?, .?, ?, ?-?, ?, ?, -?"],
    ["select $1, $2::int + 3, a$1", "select $1, $2::int + ?, a$1"],
    ["select t1.c2 from t1 limit 10", "select t1.c2 from t1 limit ?"],
    ["select 'a'::text, '{1,2}'::int[3]", "select ?::text, ?::int[?]"],
    ["select 1 -- ann@x.org\nfrom t /* by ann /* and bob */ */ where true", "select ?\nfrom t where true"],
    ["select 'never closed, 5", "select ?"],
    ["select $$never closed", "select ?"],
    ["select /* never closed", "select "],
    ["", ""],
  ])("%j is %j", (sql, shown) => {
    expect(withoutLiterals(sql)).toBe(shown)
  })

  it("never shows what is in a literal, wherever it stands", () => {
    const piece = fc.constantFrom("select", "x", '"a b"', "$1", ",", "(", ".", "::", "\n", "--c\n", "/* c */", "e", "-")
    const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(" "))
    const literal = fc.constantFrom(
      "'§'",
      "E'\\'§'",
      "U&'§'",
      "$$§$$",
      "$t$ $$§ $t$",
      "/* § */",
      "--§\n",
      "'a''§'",
      "B'§'",
    )
    fc.assert(
      fc.property(text, literal, text, (before, secret, after) => {
        const shown = withoutLiterals(`${before} ${secret} ${after}`)
        expect(shown).not.toContain("§")
      }),
    )
  })

  it("keeps names and parameters, and is its own fixed point", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab1'\"$-/*. ;(E\\\n"), maxLength: 40 }), (sql) => {
        const once = withoutLiterals(sql)
        expect(withoutLiterals(once)).toBe(once)
      }),
      { numRuns: 2_000 },
    )
    expect(withoutLiterals('select "a 1" from b where c = $12')).toBe('select "a 1" from b where c = $12')
  })
})

describe("the literals of a text", () => {
  it("are each as it is written", () => {
    const sql = "select 'a''b', 1.5e10, $1, $$c$$ /* d */ from e -- f\nwhere g = 0xFF"
    expect(literalsOf(sql)).toEqual(["'a''b'", "1.5e10", "$$c$$", " /* d */ ", " -- f\n", "0xFF"])
  })
})
