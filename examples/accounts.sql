-- The table of ten-lines.ts, dialect.ts and the other examples.
create table accounts (
  owner text primary key,
  balance integer not null check (balance >= 0)
);
insert into accounts values ('ann', 100), ('bob', 0);
