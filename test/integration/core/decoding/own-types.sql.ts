/** Types that are not built in, of every kind, with names that need quoting, in several schemas, and extensions' that are at hand. */
export const OWN_TYPES = `
create schema other;
create schema "S ""x";
do $$
declare extension text;
begin
  foreach extension in array array['citext', 'hstore', 'ltree', 'cube'] loop
    if exists (select from pg_available_extensions where name = extension) then
      execute format('create extension %I', extension);
    end if;
  end loop;
end $$;

create type mood as enum ('sad "x", {y}', 'ok');
create type other.mood as enum ('grave');
create type "S ""x"."Weird ""name" as enum ('a');
create type other.int8 as enum ('not a number');
create domain price as numeric check (value >= 0);
create domain fee as price not null;
create domain tags as text[];
create domain moods as mood[];
create domain boxes as box;
create domain at as timestamptz;
create type pair as (a integer, b text);
create type nothing as ();
create type span as range (subtype = numeric);
create type other.hours as range (subtype = time);
create type pairs_between as range (subtype = pair);
create domain long_span as span check (not isempty(value));
create type nested as (p pair, ps pair[], "M m" mood, moods moods, s span, ss span_multirange, fee price, at at, boxes boxes[], big int8, body jsonb, raw bytea);
create type "S ""x".deep as (n nested, ns nested[], "__proto__" int8[], "1" other.mood, tags tags);
create domain pairs as pair[];

create type odd;
create function odd_in(cstring) returns odd language internal immutable strict as 'textin';
create function odd_out(odd) returns cstring language internal immutable strict as 'textout';
create type odd (input = odd_in, output = odd_out, internallength = variable, storage = extended, delimiter = '|');
create type odd_fixed;
create function odd_fixed_in(cstring) returns odd_fixed language internal immutable strict as 'int8in';
create function odd_fixed_out(odd_fixed) returns cstring language internal immutable strict as 'int8out';
create type odd_fixed (input = odd_fixed_in, output = odd_fixed_out, internallength = 8, passedbyvalue, alignment = double, delimiter = ';');
`
