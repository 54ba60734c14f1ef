/**
 * Written by kysely-resilient-codegen from the database itself. Do not edit: change the database, then generate again.
 */
import { defineSchema, policy, type JsonInput, type Schema, type SchemaDefinition } from "@kysely-resilient/core/schema";
import type { ColumnType, GeneratedAlways } from "kysely";

/** The database gives a value if the insert does not. */
export type Generated<T> = T extends ColumnType<infer S, infer I, infer U>
  ? ColumnType<S, I | undefined, U>
  : ColumnType<T, T | undefined, T>;

/** What a signal advises */
export type SignalKind = "buy" | "sell" | "hold";

/** The labels of SignalKind, in the order in which they sort. */
export const SignalKindLabels = ["buy", "sell", "hold"] as const;

/** date. */
export type Day = ColumnType<string, Date | string, Date | string>;

/** int8. */
export type Int8 = ColumnType<bigint, bigint | number | string, bigint | number | string>;

/** jsonb. A text must be JSON already; for arrays and texts there is json(value). */
export type Json = ColumnType<unknown, JsonInput, JsonInput>;

/** numeric. */
export type Numeric = ColumnType<string, bigint | number | string, bigint | number | string>;

/** timestamptz. */
export type Timestamp = ColumnType<Date, Date | string, Date | string>;

/** Who can pay whom */
export interface Accounts {
  /** Never below zero */
  balance: Generated<Numeric>;
  /** Given by the database unless the caller brings one */
  id: Generated<number>;
  /** What it is called */
  owner: string;
  /** Who holds it; an account of the house is nobody's */
  user_id: number | null;
}

/** How each close compares with the trading day before; null on an instrument's first day */
export interface DailyReturns {
  close: GeneratedAlways<string>;
  daily_return: GeneratedAlways<string | null>;
  day: GeneratedAlways<string>;
  instrument_id: GeneratedAlways<number>;
  previous_close: GeneratedAlways<string | null>;
}

/** What prices and signals are about */
export interface Instruments {
  /** Given by the database unless the caller brings one */
  id: Generated<number>;
  /** For people */
  name: string;
  /** Not null because its domain is */
  symbol: string;
}

/** Evidence: every write leaves an entry. Nothing here is unique on purpose: a write applied twice must show */
export interface Ledger {
  /** Chosen by the writer, once per intended write */
  entry: string;
  /** What the write was about */
  payload: string;
  /** Its place among the writes of its worker, from 1 */
  sequence: number;
  /** Who wrote it */
  worker: number;
  /** The server's clock when it was written, not when its transaction began */
  written_at: Generated<Timestamp>;
}

/** One row per instrument and trading day */
export interface Prices {
  /** Last price of the day */
  close: Numeric;
  /** The trading day, in the time zone of the exchange */
  day: Day;
  /** Highest price of the day */
  high: Numeric;
  /** Whose prices these are */
  instrument_id: number;
  /** Lowest price of the day */
  low: Numeric;
  /** First price of the day */
  open: Numeric;
  /** High minus low, computed by the database */
  spread: GeneratedAlways<string>;
  /** Shares traded; beyond 2^31 on most days */
  volume: Int8;
}

/** What the application concluded from the prices */
export interface Signals {
  /** The closing prices it was drawn from, oldest first */
  closes: Generated<ColumnType<(string | null)[], ReadonlyArray<bigint | number | string | null>, ReadonlyArray<bigint | number | string | null>>>;
  /** When it was written */
  created_at: Generated<Timestamp>;
  /** The day after whose close it was given */
  day: Day;
  /** How it was computed, for whoever asks why */
  detail: Json | null;
  /** Always given by the database */
  id: GeneratedAlways<bigint>;
  /** What the signal is about */
  instrument_id: number;
  /** What it advises */
  kind: SignalKind;
  /** How sure it is, from 0 to 1 */
  strength: number;
}

/** Payments between accounts */
export interface Transfers {
  /** Always more than zero */
  amount: Numeric;
  /** When it was made */
  at: Generated<Timestamp>;
  /** Who pays */
  from_account: number;
  /** Chosen by the caller, so that the same payment cannot be made twice */
  id: string;
  /** Who is paid */
  to_account: number;
}

/** Who may hold accounts */
export interface Users {
  /** Nobody shares one */
  email: string;
  /** Always given by the database */
  id: GeneratedAlways<number>;
  /** For people */
  name: string;
}

export interface DB {
  accounts: Accounts;
  daily_returns: DailyReturns;
  instruments: Instruments;
  ledger: Ledger;
  prices: Prices;
  signals: Signals;
  transfers: Transfers;
  users: Users;
}

/** What writing to each table can violate, for the types of errors. */
export interface DBConstraints {
  accounts: {
    own: {
      accounts_balance_check: { readonly kind: "check"; readonly columns: readonly ["balance"] };
      accounts_pkey: { readonly kind: "unique"; readonly columns: readonly ["id"] };
      accounts_user_fk: { readonly kind: "foreign_key"; readonly columns: readonly ["user_id"]; readonly references: { readonly table: "users"; readonly columns: readonly ["id"] } };
    };
    inbound: {
      transfers_from_account_fk: { readonly kind: "foreign_key"; readonly table: "transfers"; readonly columns: readonly ["from_account"]; readonly references: { readonly table: "accounts"; readonly columns: readonly ["id"] } };
      transfers_to_account_fk: { readonly kind: "foreign_key"; readonly table: "transfers"; readonly columns: readonly ["to_account"]; readonly references: { readonly table: "accounts"; readonly columns: readonly ["id"] } };
    };
    notNull: "balance" | "id" | "owner";
  };
  instruments: {
    own: {
      instruments_name_check: { readonly kind: "check"; readonly columns: readonly ["name"] };
      instruments_pkey: { readonly kind: "unique"; readonly columns: readonly ["id"] };
      instruments_symbol_key: { readonly kind: "unique"; readonly columns: readonly ["symbol"] };
      ticker_format: { readonly kind: "check"; readonly columns: readonly ["symbol"] };
    };
    inbound: {
      prices_instrument_fk: { readonly kind: "foreign_key"; readonly table: "prices"; readonly columns: readonly ["instrument_id"]; readonly references: { readonly table: "instruments"; readonly columns: readonly ["id"] } };
      signals_instrument_fk: { readonly kind: "foreign_key"; readonly table: "signals"; readonly columns: readonly ["instrument_id"]; readonly references: { readonly table: "instruments"; readonly columns: readonly ["id"] } };
    };
    notNull: "id" | "name" | "symbol";
  };
  ledger: {
    own: {};
    inbound: {};
    notNull: "entry" | "payload" | "sequence" | "worker" | "written_at";
  };
  prices: {
    own: {
      prices_instrument_fk: { readonly kind: "foreign_key"; readonly columns: readonly ["instrument_id"]; readonly references: { readonly table: "instruments"; readonly columns: readonly ["id"] } };
      prices_pkey: { readonly kind: "unique"; readonly columns: readonly ["instrument_id", "day"] };
      prices_range_check: { readonly kind: "check"; readonly columns: readonly ["close", "high", "low", "open"] };
      prices_volume_check: { readonly kind: "check"; readonly columns: readonly ["volume"] };
    };
    inbound: {};
    notNull: "close" | "day" | "high" | "instrument_id" | "low" | "open" | "spread" | "volume";
  };
  signals: {
    own: {
      signals_instrument_day_kind_key: { readonly kind: "unique"; readonly columns: readonly ["instrument_id", "day", "kind"] };
      signals_instrument_fk: { readonly kind: "foreign_key"; readonly columns: readonly ["instrument_id"]; readonly references: { readonly table: "instruments"; readonly columns: readonly ["id"] } };
      signals_pkey: { readonly kind: "unique"; readonly columns: readonly ["id"] };
      signals_strength_check: { readonly kind: "check"; readonly columns: readonly ["strength"] };
    };
    inbound: {};
    notNull: "closes" | "created_at" | "day" | "id" | "instrument_id" | "kind" | "strength";
  };
  transfers: {
    own: {
      transfers_accounts_check: { readonly kind: "check"; readonly columns: readonly ["from_account", "to_account"] };
      transfers_amount_check: { readonly kind: "check"; readonly columns: readonly ["amount"] };
      transfers_from_account_fk: { readonly kind: "foreign_key"; readonly columns: readonly ["from_account"]; readonly references: { readonly table: "accounts"; readonly columns: readonly ["id"] } };
      transfers_pkey: { readonly kind: "unique"; readonly columns: readonly ["id"] };
      transfers_to_account_fk: { readonly kind: "foreign_key"; readonly columns: readonly ["to_account"]; readonly references: { readonly table: "accounts"; readonly columns: readonly ["id"] } };
    };
    inbound: {};
    notNull: "amount" | "at" | "from_account" | "id" | "to_account";
  };
  users: {
    own: {
      users_email_check: { readonly kind: "check"; readonly columns: readonly ["email"] };
      users_email_key: { readonly kind: "unique"; readonly columns: readonly ["email"] };
      users_name_check: { readonly kind: "check"; readonly columns: readonly ["name"] };
      users_pkey: { readonly kind: "unique"; readonly columns: readonly ["id"] };
    };
    inbound: {
      accounts_user_fk: { readonly kind: "foreign_key"; readonly table: "accounts"; readonly columns: readonly ["user_id"]; readonly references: { readonly table: "users"; readonly columns: readonly ["id"] } };
    };
    notNull: "email" | "id" | "name";
  };
}

/** Where the foreign keys of each table lead. */
export interface DBRelations {
  accounts: {
    accounts_user_fk: { readonly table: "users"; readonly columns: readonly ["user_id"]; readonly references: readonly ["id"]; readonly unique: false; readonly optional: true };
  };
  prices: {
    prices_instrument_fk: { readonly table: "instruments"; readonly columns: readonly ["instrument_id"]; readonly references: readonly ["id"]; readonly unique: false; readonly optional: false };
  };
  signals: {
    signals_instrument_fk: { readonly table: "instruments"; readonly columns: readonly ["instrument_id"]; readonly references: readonly ["id"]; readonly unique: false; readonly optional: false };
  };
  transfers: {
    transfers_from_account_fk: { readonly table: "accounts"; readonly columns: readonly ["from_account"]; readonly references: readonly ["id"]; readonly unique: false; readonly optional: false };
    transfers_to_account_fk: { readonly table: "accounts"; readonly columns: readonly ["to_account"]; readonly references: readonly ["id"]; readonly unique: false; readonly optional: false };
  };
}

const structure: SchemaDefinition = {
  "hash": "7b7b75447e7e08e6",
  "source": { "schemas": ["public"] },
  "tables": {
    "accounts": {
      "kind": "table",
      "columns": {
        "balance": { "type": "numeric", "nullable": false, "generated": "default" },
        "id": { "type": "int4", "nullable": false, "generated": "default" },
        "owner": { "type": "text", "nullable": false },
        "user_id": { "type": "int4", "nullable": true }
      }
    },
    "daily_returns": {
      "kind": "view",
      "columns": {
        "close": { "type": "numeric", "nullable": false, "generated": "always" },
        "daily_return": { "type": "numeric", "nullable": true, "generated": "always" },
        "day": { "type": "date", "nullable": false, "generated": "always" },
        "instrument_id": { "type": "int4", "nullable": false, "generated": "always" },
        "previous_close": { "type": "numeric", "nullable": true, "generated": "always" }
      }
    },
    "instruments": {
      "kind": "table",
      "columns": {
        "id": { "type": "int4", "nullable": false, "generated": "default" },
        "name": { "type": "text", "nullable": false },
        "symbol": { "type": "public.ticker", "base": "text", "nullable": false }
      }
    },
    "ledger": {
      "kind": "table",
      "columns": {
        "entry": { "type": "uuid", "nullable": false },
        "payload": { "type": "text", "nullable": false },
        "sequence": { "type": "int4", "nullable": false },
        "worker": { "type": "int4", "nullable": false },
        "written_at": { "type": "timestamptz", "nullable": false, "generated": "default" }
      }
    },
    "prices": {
      "kind": "table",
      "columns": {
        "close": { "type": "numeric", "nullable": false },
        "day": { "type": "date", "nullable": false },
        "high": { "type": "numeric", "nullable": false },
        "instrument_id": { "type": "int4", "nullable": false },
        "low": { "type": "numeric", "nullable": false },
        "open": { "type": "numeric", "nullable": false },
        "spread": { "type": "numeric", "nullable": false, "generated": "always" },
        "volume": { "type": "int8", "nullable": false }
      }
    },
    "signals": {
      "kind": "table",
      "columns": {
        "closes": { "type": "numeric[]", "nullable": false, "generated": "default" },
        "created_at": { "type": "timestamptz", "nullable": false, "generated": "default" },
        "day": { "type": "date", "nullable": false },
        "detail": { "type": "jsonb", "nullable": true },
        "id": { "type": "int8", "nullable": false, "generated": "always" },
        "instrument_id": { "type": "int4", "nullable": false },
        "kind": { "type": "public.signal_kind", "labels": ["buy", "sell", "hold"], "nullable": false },
        "strength": { "type": "float8", "nullable": false }
      }
    },
    "transfers": {
      "kind": "table",
      "columns": {
        "amount": { "type": "numeric", "nullable": false },
        "at": { "type": "timestamptz", "nullable": false, "generated": "default" },
        "from_account": { "type": "int4", "nullable": false },
        "id": { "type": "uuid", "nullable": false },
        "to_account": { "type": "int4", "nullable": false }
      }
    },
    "users": {
      "kind": "table",
      "columns": {
        "email": { "type": "text", "nullable": false },
        "id": { "type": "int4", "nullable": false, "generated": "always" },
        "name": { "type": "text", "nullable": false }
      }
    }
  },
  "types": {
    "public.signal_kind": { "kind": "enum", "labels": ["buy", "sell", "hold"] },
    "public.ticker": { "kind": "domain", "base": "text", "notNull": true }
  },
  "constraints": {
    "accounts": {
      "own": {
        "accounts_balance_check": { "kind": "check", "columns": ["balance"] },
        "accounts_pkey": { "kind": "unique", "columns": ["id"] },
        "accounts_user_fk": { "kind": "foreign_key", "columns": ["user_id"], "references": { "table": "users", "columns": ["id"] } }
      },
      "inbound": {
        "transfers_from_account_fk": { "kind": "foreign_key", "table": "transfers", "columns": ["from_account"], "references": { "table": "accounts", "columns": ["id"] } },
        "transfers_to_account_fk": { "kind": "foreign_key", "table": "transfers", "columns": ["to_account"], "references": { "table": "accounts", "columns": ["id"] } }
      },
      "notNull": ["balance", "id", "owner"]
    },
    "instruments": {
      "own": {
        "instruments_name_check": { "kind": "check", "columns": ["name"] },
        "instruments_pkey": { "kind": "unique", "columns": ["id"] },
        "instruments_symbol_key": { "kind": "unique", "columns": ["symbol"] },
        "ticker_format": { "kind": "check", "columns": ["symbol"] }
      },
      "inbound": {
        "prices_instrument_fk": { "kind": "foreign_key", "table": "prices", "columns": ["instrument_id"], "references": { "table": "instruments", "columns": ["id"] } },
        "signals_instrument_fk": { "kind": "foreign_key", "table": "signals", "columns": ["instrument_id"], "references": { "table": "instruments", "columns": ["id"] } }
      },
      "notNull": ["id", "name", "symbol"]
    },
    "ledger": {
      "own": {},
      "inbound": {},
      "notNull": ["entry", "payload", "sequence", "worker", "written_at"]
    },
    "prices": {
      "own": {
        "prices_instrument_fk": { "kind": "foreign_key", "columns": ["instrument_id"], "references": { "table": "instruments", "columns": ["id"] } },
        "prices_pkey": { "kind": "unique", "columns": ["instrument_id", "day"] },
        "prices_range_check": { "kind": "check", "columns": ["close", "high", "low", "open"] },
        "prices_volume_check": { "kind": "check", "columns": ["volume"] }
      },
      "inbound": {},
      "notNull": ["close", "day", "high", "instrument_id", "low", "open", "spread", "volume"]
    },
    "signals": {
      "own": {
        "signals_instrument_day_kind_key": { "kind": "unique", "columns": ["instrument_id", "day", "kind"] },
        "signals_instrument_fk": { "kind": "foreign_key", "columns": ["instrument_id"], "references": { "table": "instruments", "columns": ["id"] } },
        "signals_pkey": { "kind": "unique", "columns": ["id"] },
        "signals_strength_check": { "kind": "check", "columns": ["strength"] }
      },
      "inbound": {},
      "notNull": ["closes", "created_at", "day", "id", "instrument_id", "kind", "strength"]
    },
    "transfers": {
      "own": {
        "transfers_accounts_check": { "kind": "check", "columns": ["from_account", "to_account"] },
        "transfers_amount_check": { "kind": "check", "columns": ["amount"] },
        "transfers_from_account_fk": { "kind": "foreign_key", "columns": ["from_account"], "references": { "table": "accounts", "columns": ["id"] } },
        "transfers_pkey": { "kind": "unique", "columns": ["id"] },
        "transfers_to_account_fk": { "kind": "foreign_key", "columns": ["to_account"], "references": { "table": "accounts", "columns": ["id"] } }
      },
      "inbound": {},
      "notNull": ["amount", "at", "from_account", "id", "to_account"]
    },
    "users": {
      "own": {
        "users_email_check": { "kind": "check", "columns": ["email"] },
        "users_email_key": { "kind": "unique", "columns": ["email"] },
        "users_name_check": { "kind": "check", "columns": ["name"] },
        "users_pkey": { "kind": "unique", "columns": ["id"] }
      },
      "inbound": {
        "accounts_user_fk": { "kind": "foreign_key", "table": "accounts", "columns": ["user_id"], "references": { "table": "users", "columns": ["id"] } }
      },
      "notNull": ["email", "id", "name"]
    }
  },
  "relations": {
    "accounts": {
      "accounts_user_fk": { "table": "users", "columns": ["user_id"], "references": ["id"], "unique": false, "optional": true }
    },
    "prices": {
      "prices_instrument_fk": { "table": "instruments", "columns": ["instrument_id"], "references": ["id"], "unique": false, "optional": false }
    },
    "signals": {
      "signals_instrument_fk": { "table": "instruments", "columns": ["instrument_id"], "references": ["id"], "unique": false, "optional": false }
    },
    "transfers": {
      "transfers_from_account_fk": { "table": "accounts", "columns": ["from_account"], "references": ["id"], "unique": false, "optional": false },
      "transfers_to_account_fk": { "table": "accounts", "columns": ["to_account"], "references": ["id"], "unique": false, "optional": false }
    }
  }
};

/** For createDatabase({ schema }): the types above, and how values are read so that they are true. */
export const schema: Schema<DB, DBConstraints> = defineSchema<DB, DBConstraints>({
  ...structure,
  policy: policy({ int8: "bigint", numeric: "string", timestamptz: "Date", timestamp: "string", date: "string", interval: "string", json: "unknown", range: "string", composite: "object", elements: "nullable" }),
});
