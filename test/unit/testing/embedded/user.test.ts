import { accountsIn } from "@kysely-resilient/testing/src/embedded/user.ts"
import { describe, expect, it } from "vitest"

describe("accountsIn", () => {
  it("reads names and numbers, and nothing from broken lines", () => {
    const passwd = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/:/bin/false\n\nbroken\n+::::::\n"
    expect(accountsIn(passwd)).toEqual([
      { name: "root", uid: 0, gid: 0 },
      { name: "nobody", uid: 65_534, gid: 65_533 },
    ])
  })
})
