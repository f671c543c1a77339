-- What the house API reads and keeps beside the engine's first tables.

alter table customers add column metadata json not null default '{}';

-- The payments of one customer, newest first; payments without one cost nothing.
create index payments_customer on payments (customer_id, merchant_id, mode, id) where customer_id is not null;

-- The payments of which a part, or all, was paid back: a list of them must not walk those of which nothing was.
create index payments_refunded on payments ((refunded_minor >= amount_minor), merchant_id, mode, id)
  where refunded_minor > 0;

-- One index serves every look into the ledger's past. The reason of a transfer says which accounts it touches, so the last
-- transfer of an account at any number is one step in each of its few reasons; a list by type or currency merges as few.
create index ledger_transfers_reason on ledger_transfers (reason, currency, merchant_id, mode, number);
