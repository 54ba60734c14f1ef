import { alterSystem, graver, isSet, type ServerRule } from "../examined.ts"

export const passwordMd5: ServerRule = {
  code: "PASSWORD_MD5",
  when: "`password_encryption` is `md5`",
  why: "What is stored is as good as the password itself to whoever gets hold of it; PostgreSQL is about to remove it.",
  find(examined) {
    if (!isSet(examined, "password_encryption", "md5")) return undefined
    return {
      severity: graver(examined),
      message: "New passwords are stored as MD5",
      action: "Store them for SCRAM, then set each password again",
      sql: alterSystem("password_encryption", "scram-sha-256"),
      evidence: { password_encryption: "md5" },
    }
  },
}
