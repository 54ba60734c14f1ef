/**
 * Written by kysely-resilient-codegen from the database itself. Do not edit: change the database, then generate again.
 */
import { defineSchema, type Schema } from "@kysely-resilient/core/schema";
import type { ColumnType, GeneratedAlways } from "kysely";

/** The database gives a value if the insert does not. */
export type Generated<T> = T extends ColumnType<infer S, infer I, infer U>
  ? ColumnType<S, I | undefined, U>
  : ColumnType<T, T | undefined, T>;

/** int8. Text when read: numbers are exact only up to 2^53. */
export type Int8 = ColumnType<string, bigint | number | string, bigint | number | string>;

/** json, jsonb. */
export type Json = ColumnType<unknown, JsonInput, JsonInput>;

/** A string must be JSON text already, and an array must be passed as JSON text. */
export type JsonInput = Record<string, unknown> | boolean | number | string;

/** date. Read as that day's midnight in the time zone of the process. */
export type LocalMidnight = ColumnType<Date, Date | string, Date | string>;

/** numeric. Text when read: no digit is lost. */
export type Numeric = ColumnType<string, number | string, number | string>;

/** What a signal advises */
export type SignalKind = "buy" | "sell" | "hold";

/** timestamptz. Read to the millisecond. */
export type Timestamp = ColumnType<Date, Date | string, Date | string>;

/** Who can pay whom */
export interface Accounts {
  /** Never below zero */
  balance: Generated<Numeric>;
  /** Given by the database unless the caller brings one */
  id: Generated<number>;
  /** Whose money it is */
  owner: string;
}

/** How each close compares with the trading day before; null on an instrument's first day */
export interface DailyReturns {
  close: GeneratedAlways<string | null>;
  daily_return: GeneratedAlways<string | null>;
  day: GeneratedAlways<Date | null>;
  instrument_id: GeneratedAlways<number | null>;
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
  day: LocalMidnight;
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
  closes: Generated<ColumnType<number[], (number | string)[], (number | string)[]>>;
  /** When it was written */
  created_at: Generated<Timestamp>;
  /** The day after whose close it was given */
  day: LocalMidnight;
  /** How it was computed, for whoever asks why */
  detail: Json | null;
  /** Always given by the database */
  id: GeneratedAlways<string>;
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

export interface DB {
  accounts: Accounts;
  daily_returns: DailyReturns;
  instruments: Instruments;
  ledger: Ledger;
  prices: Prices;
  signals: Signals;
  transfers: Transfers;
}

export const schema: Schema<DB> = defineSchema<DB>({
  "hash": "7761e7fe217047c9",
  "tables": {
    "accounts": {
      "kind": "table",
      "columns": {
        "balance": {"type":"numeric","nullable":false,"generated":"default"},
        "id": {"type":"int4","nullable":false,"generated":"default"},
        "owner": {"type":"text","nullable":false}
      }
    },
    "daily_returns": {
      "kind": "view",
      "columns": {
        "close": {"type":"numeric","nullable":true,"generated":"always"},
        "daily_return": {"type":"numeric","nullable":true,"generated":"always"},
        "day": {"type":"date","nullable":true,"generated":"always"},
        "instrument_id": {"type":"int4","nullable":true,"generated":"always"},
        "previous_close": {"type":"numeric","nullable":true,"generated":"always"}
      }
    },
    "instruments": {
      "kind": "table",
      "columns": {
        "id": {"type":"int4","nullable":false,"generated":"default"},
        "name": {"type":"text","nullable":false},
        "symbol": {"type":"public.ticker","base":"text","nullable":false}
      }
    },
    "ledger": {
      "kind": "table",
      "columns": {
        "entry": {"type":"uuid","nullable":false},
        "payload": {"type":"text","nullable":false},
        "sequence": {"type":"int4","nullable":false},
        "worker": {"type":"int4","nullable":false},
        "written_at": {"type":"timestamptz","nullable":false,"generated":"default"}
      }
    },
    "prices": {
      "kind": "table",
      "columns": {
        "close": {"type":"numeric","nullable":false},
        "day": {"type":"date","nullable":false},
        "high": {"type":"numeric","nullable":false},
        "instrument_id": {"type":"int4","nullable":false},
        "low": {"type":"numeric","nullable":false},
        "open": {"type":"numeric","nullable":false},
        "spread": {"type":"numeric","nullable":false,"generated":"always"},
        "volume": {"type":"int8","nullable":false}
      }
    },
    "signals": {
      "kind": "table",
      "columns": {
        "closes": {"type":"numeric[]","nullable":false,"generated":"default"},
        "created_at": {"type":"timestamptz","nullable":false,"generated":"default"},
        "day": {"type":"date","nullable":false},
        "detail": {"type":"jsonb","nullable":true},
        "id": {"type":"int8","nullable":false,"generated":"always"},
        "instrument_id": {"type":"int4","nullable":false},
        "kind": {"type":"public.signal_kind","labels":["buy","sell","hold"],"nullable":false},
        "strength": {"type":"float8","nullable":false}
      }
    },
    "transfers": {
      "kind": "table",
      "columns": {
        "amount": {"type":"numeric","nullable":false},
        "at": {"type":"timestamptz","nullable":false,"generated":"default"},
        "from_account": {"type":"int4","nullable":false},
        "id": {"type":"uuid","nullable":false},
        "to_account": {"type":"int4","nullable":false}
      }
    }
  }
});
