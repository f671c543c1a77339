-- Events that are still to be turned into deliveries: one row a group of commands, written in the group's transaction and
-- deleted once every delivery of its events is durable. A row is taken by moving its due time to the end of a lease.

create table event_outbox (
  id bigint generated always as identity primary key,
  -- [[merchant_id, mode, number as text], …]
  events json not null,
  due_at timestamptz not null default now(),
  -- Whether somebody works on it, until `due_at`.
  is_leased boolean not null default false,
  tries integer not null default 0,
  last_error text
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
