/**
 * Written by kysely-resilient-codegen from the database itself. Do not edit: change the database, then generate again.
 */
import { defineSchema, policy, type Schema, type SchemaDefinition } from "@kysely-resilient/core/schema";
import type { ColumnType } from "kysely";

/** An id from accounts.owner. */
export type AccountOwner = string & { readonly "~brand": "accounts.owner" };

/** Says of a value from outside that it is such an id. It checks nothing. */
export const AccountOwner = (id: string): AccountOwner => id as AccountOwner;

export interface Accounts {
  balance: number;
  owner: ColumnType<AccountOwner, AccountOwner | string, AccountOwner | string>;
}

export interface DB {
  accounts: Accounts;
}

/** What writing to each table can violate, for the types of errors. */
export interface DBConstraints {
  accounts: {
    own: {
      accounts_balance_check: { readonly kind: "check"; readonly columns: readonly ["balance"] };
      accounts_pkey: { readonly kind: "unique"; readonly columns: readonly ["owner"] };
    };
    inbound: {};
    notNull: "balance" | "owner";
  };
}

/** Where the foreign keys of each table lead. */
export interface DBRelations {}

const structure: SchemaDefinition = {
  "hash": "1fbf5418ff58d34a",
  "source": { "schemas": ["public"] },
  "tables": {
    "accounts": {
      "kind": "table",
      "columns": {
        "balance": { "type": "int4", "nullable": false },
        "owner": { "type": "text", "nullable": false }
      }
    }
  },
  "constraints": {
    "accounts": {
      "own": {
        "accounts_balance_check": { "kind": "check", "columns": ["balance"] },
        "accounts_pkey": { "kind": "unique", "columns": ["owner"] }
      },
      "inbound": {},
      "notNull": ["balance", "owner"]
    }
  },
  "relations": {}
};

/** For createDatabase({ schema }): the types above, and how values are read so that they are true. */
export const schema: Schema<DB, DBConstraints> = defineSchema<DB, DBConstraints>({
  ...structure,
  policy: policy({ int8: "number", numeric: "string", timestamptz: "Date", timestamp: "string", date: "string", interval: "string", json: "unknown", range: "string", composite: "object", elements: "nullable" }),
});
