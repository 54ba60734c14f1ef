import { graver, identifier, type ServerRule } from "../examined.ts"

export const superuserRole: ServerRule = {
  code: "SUPERUSER_ROLE",
  when: "the application logs in as a superuser",
  why: "One injected statement can read files and run programs; row security, limits and reserved connections do not hold for it.",
  find(examined) {
    const { role } = examined.server
    if (!role.superuser) return undefined
    return {
      severity: graver(examined),
      message: `The role ${role.name} is a superuser`,
      action: "Give the application a role of its own, with the rights that it needs",
      sql: `create role app login;\ngrant connect on database ${identifier(examined.server.database.name)} to app;\ngrant select, insert, update, delete on all tables in schema public to app`,
      evidence: { role: role.name },
    }
  },
}
