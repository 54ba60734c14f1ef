import type { Generated } from "kysely"

/** What the callers of a drill work on. */
export interface Tables {
  /** Never changes, so that every read of it can be checked. */
  facts: { id: number; payload: string }
  /** `worker` and `seq`: whose write changed it last. */
  accounts: { id: number; balance: number; worker: number | null; seq: number | null }
  /** One row for everything that a write did. Nothing in it is unique: what is done twice must show. */
  ledger: { worker: number; seq: number; account: number | null; amount: Generated<number> }
  /** To be deleted again: the deletion is noted under `undo_seq`. */
  slips: { worker: number; seq: number; undo_seq: number }
}

export const FACTS = 4_000
export const ACCOUNTS = 12
export const OPENING_BALANCE = 10_000_000
/** Only deadlocks touch these two, and only serialization conflicts the next two: so that every conflict is somebody's own. */
export const RIVALS: readonly [number, number] = [101, 102]
export const READERS_OF_EACH_OTHER: readonly [number, number] = [103, 104]

/** Without a constraint on the ledger, and with triggers that note what statements do which cannot carry a row of their own. */
export const SETUP: string = `
  create table facts (id int primary key, payload text not null);
  insert into facts select n, md5(n::text) from generate_series(1, ${FACTS}) as n;
  create table accounts (id int primary key, balance int not null check (balance >= 0), worker int, seq int);
  insert into accounts
    select n, ${OPENING_BALANCE} from generate_series(1, ${ACCOUNTS}) as n
    union all select n, ${OPENING_BALANCE} from unnest(array[${[...RIVALS, ...READERS_OF_EACH_OTHER].join(", ")}]) as n;
  create table ledger (worker int not null, seq int not null, account int, amount int not null default 0);
  create index on ledger (worker, seq);
  create table slips (worker int not null, seq int not null, undo_seq int not null);
  create index on slips (worker, undo_seq);

  create function note_change() returns trigger language plpgsql as $$
  begin
    insert into ledger (worker, seq, account, amount) values (new.worker, new.seq, new.id, new.balance - old.balance);
    return null;
  end $$;
  create trigger note_change after update on accounts for each row execute function note_change();

  create function note_slip() returns trigger language plpgsql as $$
  begin
    if tg_op = 'INSERT' then
      insert into ledger (worker, seq) values (new.worker, new.seq);
    else
      insert into ledger (worker, seq) values (old.worker, old.undo_seq);
    end if;
    return null;
  end $$;
  create trigger note_slip after insert or delete on slips for each row execute function note_slip();
  analyze;
`
