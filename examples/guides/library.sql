-- The tables of the guides.
create table authors (
  id int generated always as identity primary key,
  name text not null constraint authors_name_key unique
);
create table books (
  id int generated always as identity primary key,
  author_id int not null constraint books_author_fk references authors,
  title text not null,
  price numeric(10, 2) not null constraint books_price_check check (price > 0),
  sold int not null default 0
);
-- As Prisma makes a table: the id and updatedAt come from the client, and times are UTC without saying so.
create table readers (
  id text primary key,
  name text not null,
  "createdAt" timestamp(3) not null default current_timestamp,
  "updatedAt" timestamp(3) not null
);
insert into authors (name) values ('Ursula'), ('Stanislaw');
insert into books (author_id, title, price) values (1, 'The Dispossessed', 12.00), (1, 'The Left Hand of Darkness', 11.00), (2, 'Solaris', 9.50);
