-- The engine's tables. Every table of a merchant begins its key with (merchant_id, mode): one merchant's work is one
-- shard's work, and live and sandbox data cannot meet. Text keys compare bytewise (collation C), so ids sort by time.
-- The rules stated here are the second enforcement; the first is the engine's decisions.
-- Only the primary key of a table begins with the scope. Other indexes begin with the column they are for: then a look-up
-- by primary key has one index to choose from, also in a young table of which the planner knows nothing yet.

create domain key_text as text collate "C";
create domain mode_text as text collate "C" check (value in ('live', 'sandbox'));
-- Without a regular expression, whose matching costs more than writing the column: nothing but A-Z and 0-9 remains to be trimmed.
create domain currency_code as text collate "C"
  check (length(value) between 3 and 8 and btrim(value, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789') = '');
create domain minor_units as bigint check (value between 0 and 9000000000000000);

-- Fails with PLREV when a grouped update met fewer rows than it named: some row has moved since the decision.
create function expect_rows(actual bigint, expected integer) returns void language plpgsql as $$
begin
  if actual <> expected then
    raise exception 'expected to change % rows, met %', expected, actual using errcode = 'PLREV';
  end if;
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'PLAPP', constraint = tg_table_name || '_append_only';
end $$;

-- Which status may follow which stands in the condition of a table's status trigger: the closure, directly or through states
-- in between, of the engine's transition table. A constant there costs an allowed move next to nothing; the function runs
-- only for a move that is not allowed. A test holds the conditions equal to the transition tables.
create function refuse_status_move() returns trigger language plpgsql as $$
begin
  raise exception '% may not move from % to %', tg_argv[0], old.status, new.status
    using errcode = 'PLMOV', constraint = tg_table_name || '_status_moves';
end $$;

-- Merchants and access -------------------------------------------------------------------------------------------------

create table merchants (
  merchant_id key_text not null,
  mode mode_text not null,
  name text not null check (length(name) between 1 and 200),
  status text not null check (status in ('active', 'suspended')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  revision integer not null,
  primary key (merchant_id, mode)
);

create table api_keys (
  merchant_id key_text not null,
  mode mode_text not null,
  id key_text not null,
  dialect key_text not null,
  name text not null,
  -- SHA-256 of the key in hexadecimal; the key itself is shown once and never stored.
  key_hash key_text not null,
  -- The last four characters, so that a person can tell keys apart.
  hint text not null,
  scopes json not null,
  status text not null check (status in ('active', 'revoked')),
  created_at timestamptz not null,
  expires_at timestamptz,
  revision integer not null,
  primary key (merchant_id, mode, id)
);
-- The directory from a credential to its merchant; on a sharded database this table is a reference table.
create unique index api_keys_key_hash_key on api_keys (key_hash);

create table fee_plans (
  merchant_id key_text not null,
  mode mode_text not null,
  method key_text not null,
  version integer not null check (version > 0),
  -- 'current' for the plan in force, null for the ones it replaced: at most one per merchant and method.
  current text check (current = 'current'),
  basis_points integer not null check (basis_points between 0 and 10000),
  -- The fixed part by currency, in minor units: {"INR": {"$bigint": "300"}}.
  fixed json not null,
  refund_policy text not null check (refund_policy in ('returned', 'kept')),
  created_at timestamptz not null,
  revision integer not null,
  primary key (merchant_id, mode, method, version)
);
create unique index fee_plans_current_key on fee_plans (method, merchant_id, mode, current) where current is not null;

create table customers (
  merchant_id key_text not null,
  mode mode_text not null,
  id key_text not null,
  reference key_text,
  name text,
  email text,
  phone text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  revision integer not null,
  primary key (merchant_id, mode, id)
);
create unique index customers_reference_key on customers (reference, merchant_id, mode) where reference is not null;

-- Payments, refunds, payouts -------------------------------------------------------------------------------------------

create table payments (
  merchant_id key_text not null,
  mode mode_text not null,
  id key_text not null,
  number bigint not null check (number > 0),
  dialect key_text not null,
  status key_text not null,
  amount_minor minor_units not null check (amount_minor > 0),
  currency currency_code not null,
  method key_text not null,
  rail key_text not null,
  reference key_text,
  reference_key key_text,
  customer_id key_text,
  customer_reference key_text,
  description text,
  success_url text,
  failure_url text,
  notify_url text,
  metadata json not null,
  fee_terms json not null,
  received_minor minor_units not null,
  captured_minor minor_units not null,
  suspense_minor minor_units not null,
  fee_minor minor_units not null,
  refund_reserved_minor minor_units not null,
  refunded_minor minor_units not null,
  fee_returned_minor minor_units not null,
  attempts_max integer not null check (attempts_max between 1 and 100),
  attempts_made integer not null,
  attempt_id key_text,
  failure_code text,
  failure_message text,
  expires_at timestamptz not null,
  due_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  revision integer not null,
  primary key (merchant_id, mode, id),
  constraint payments_captured_at_most_amount check (captured_minor <= amount_minor),
  constraint payments_received_is_explained check (captured_minor + suspense_minor = received_minor),
  constraint payments_refunds_at_most_captured check (refund_reserved_minor <= captured_minor),
  constraint payments_refunded_was_reserved check (refunded_minor <= refund_reserved_minor),
  constraint payments_fee_returned_at_most_fee check (fee_returned_minor <= fee_minor),
  constraint payments_captured_when_succeeded check ((status = 'succeeded') = (captured_minor = amount_minor)),
  constraint payments_attempts_at_most_max check (attempts_made <= attempts_max)
) with (fillfactor = 85);
create unique index payments_number_key on payments (number, merchant_id, mode);
create unique index payments_reference_key_key on payments (reference_key, merchant_id, mode) where reference_key is not null;
create index payments_reference on payments (reference, merchant_id, mode, id) where reference is not null;
create index payments_status on payments (status, merchant_id, mode, id);
create index payments_due on payments (mode, due_at) where due_at is not null;
create trigger payments_status_moves before update of status on payments
  for each row
  when (old.status is distinct from new.status and old.status || '>' || new.status not in (
    'created>awaiting_payer', 'created>processing', 'created>succeeded', 'created>failed', 'created>cancelled',
    'created>expired', 'awaiting_payer>awaiting_payer', 'awaiting_payer>processing', 'awaiting_payer>succeeded',
    'awaiting_payer>failed', 'awaiting_payer>cancelled', 'awaiting_payer>expired', 'processing>processing',
    'processing>awaiting_payer', 'processing>succeeded', 'processing>failed', 'processing>cancelled',
    'processing>expired'))
  execute function refuse_status_move('payment');

create table attempts (
  merchant_id key_text not null,
  mode mode_text not null,
  id key_text not null,
  subject_kind key_text not null check (subject_kind in ('payment', 'refund', 'payout')),
  subject_id key_text not null,
  rail key_text not null,
  operation key_text not null check (operation in ('collect', 'refund', 'disburse')),
  method key_text not null,
  status key_text not null,
  amount_minor minor_units not null check (amount_minor > 0),
  currency currency_code not null,
  received_minor minor_units not null,
  instruction json not null,
  rail_reference key_text,
  code text,
  message text,
  polls integer not null,
  due_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  revision integer not null,
  primary key (merchant_id, mode, id)
) with (fillfactor = 85);
create index attempts_subject on attempts (subject_id, merchant_id, mode, id);
create index attempts_due on attempts (mode, due_at) where due_at is not null;
create trigger attempts_status_moves before update of status on attempts
  for each row
  when (old.status is distinct from new.status and old.status || '>' || new.status not in (
    'pending>processing', 'pending>unknown', 'pending>succeeded', 'pending>declined', 'processing>processing',
    'processing>unknown', 'processing>succeeded', 'processing>declined', 'unknown>unknown', 'unknown>processing',
    'unknown>succeeded', 'unknown>declined'))
  execute function refuse_status_move('attempt');

create table refunds (
  merchant_id key_text not null,
  mode mode_text not null,
  id key_text not null,
  number bigint not null check (number > 0),
  dialect key_text not null,
  payment_id key_text not null,
  payment_number bigint not null,
  status key_text not null,
  amount_minor minor_units not null check (amount_minor > 0),
  currency currency_code not null,
  fee_returned_minor minor_units not null check (fee_returned_minor <= amount_minor),
  reason text,
  reference_key key_text,
  metadata json not null,
  notify_url text,
  attempt_id key_text not null,
  failure_code text,
  failure_message text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  revision integer not null,
  primary key (merchant_id, mode, id),
  foreign key (merchant_id, mode, payment_id) references payments (merchant_id, mode, id)
) with (fillfactor = 85);
create unique index refunds_number_key on refunds (number, merchant_id, mode);
create unique index refunds_reference_key_key on refunds (reference_key, merchant_id, mode) where reference_key is not null;
create index refunds_payment on refunds (payment_id, merchant_id, mode, id);
create index refunds_status on refunds (status, merchant_id, mode, id);
create trigger refunds_status_moves before update of status on refunds
  for each row
  when (old.status is distinct from new.status and old.status || '>' || new.status not in (
    'pending>succeeded', 'pending>failed'))
  execute function refuse_status_move('refund');

create table payouts (
  merchant_id key_text not null,
  mode mode_text not null,
  id key_text not null,
  number bigint not null check (number > 0),
  dialect key_text not null,
  status key_text not null,
  amount_minor minor_units not null check (amount_minor > 0),
  currency currency_code not null,
  method key_text not null,
  rail key_text not null,
  beneficiary json not null,
  reference key_text,
  reference_key key_text,
  description text,
  metadata json not null,
  notify_url text,
  attempt_id key_text not null,
  failure_code text,
  failure_message text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  revision integer not null,
  primary key (merchant_id, mode, id)
) with (fillfactor = 85);
create unique index payouts_number_key on payouts (number, merchant_id, mode);
create unique index payouts_reference_key_key on payouts (reference_key, merchant_id, mode) where reference_key is not null;
create index payouts_status on payouts (status, merchant_id, mode, id);
create trigger payouts_status_moves before update of status on payouts
  for each row
  when (old.status is distinct from new.status and old.status || '>' || new.status not in (
    'processing>succeeded', 'processing>failed'))
  execute function refuse_status_move('payout');

-- A notification that a simulated rail will send later, in the clock of its mode.
create table scheduled_notifications (
  merchant_id key_text not null,
  mode mode_text not null,
  id key_text not null,
  rail key_text not null,
  body text not null,
  headers json not null,
  due_at timestamptz,
  created_at timestamptz not null,
  revision integer not null,
  primary key (merchant_id, mode, id)
);
create index scheduled_notifications_due on scheduled_notifications (mode, due_at) where due_at is not null;

-- The write path -------------------------------------------------------------------------------------------------------

create table idempotency_records (
  merchant_id key_text not null,
  mode mode_text not null,
  operation key_text not null,
  key key_text not null,
  request_hash key_text not null,
  result json not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revision integer not null,
  primary key (merchant_id, mode, operation, key)
);
create index idempotency_records_expiry on idempotency_records (mode, expires_at);

create table journals (
  merchant_id key_text not null,
  mode mode_text not null,
  object_number bigint not null,
  event_number bigint not null,
  transfer_number bigint not null,
  chain_hash key_text not null,
  revision integer not null,
  primary key (merchant_id, mode)
) with (fillfactor = 50);

-- Ledger ---------------------------------------------------------------------------------------------------------------

create table ledger_transfers (
  merchant_id key_text not null,
  mode mode_text not null,
  number bigint not null check (number > 0),
  type key_text not null check (type in ('posted', 'pending', 'post_pending', 'void_pending')),
  debit_code key_text not null,
  credit_code key_text not null,
  currency currency_code not null,
  amount_minor minor_units not null check (amount_minor > 0),
  reason key_text not null,
  subject_kind key_text not null,
  subject_id key_text not null,
  reservation key_text,
  resolves key_text,
  debit_posted_after bigint not null,
  debit_pending_after bigint not null,
  credit_posted_after bigint not null,
  credit_pending_after bigint not null,
  created_at timestamptz not null,
  hash key_text not null check (length(hash) = 64 and btrim(hash, '0123456789abcdef') = ''),
  primary key (merchant_id, mode, number),
  constraint ledger_transfers_two_accounts check (debit_code <> credit_code),
  constraint ledger_transfers_reservation_named check ((type = 'pending') = (reservation is not null)),
  constraint ledger_transfers_resolution_named check ((type in ('post_pending', 'void_pending')) = (resolves is not null))
);
create unique index ledger_transfers_reservation_key on ledger_transfers (reservation, merchant_id, mode) where reservation is not null;
create unique index ledger_transfers_resolution_key on ledger_transfers (resolves, merchant_id, mode) where resolves is not null;
create index ledger_transfers_subject on ledger_transfers (subject_id, merchant_id, mode, number);
create trigger ledger_transfers_append_only before update or delete on ledger_transfers
  for each row execute function refuse_change();
create trigger ledger_transfers_no_truncate before truncate on ledger_transfers execute function refuse_change();

create table ledger_accounts (
  merchant_id key_text not null,
  mode mode_text not null,
  code key_text not null,
  currency currency_code not null,
  side key_text not null check (side in ('debit', 'credit')),
  bounded boolean not null,
  debits_posted bigint not null check (debits_posted >= 0),
  credits_posted bigint not null check (credits_posted >= 0),
  debits_pending bigint not null,
  credits_pending bigint not null,
  last_transfer bigint not null,
  revision integer not null,
  primary key (merchant_id, mode, code, currency),
  constraint ledger_accounts_pending_not_negative check (debits_pending >= 0 and credits_pending >= 0),
  constraint ledger_accounts_never_below_zero check (
    not bounded
    or case side
      when 'credit' then credits_posted - debits_posted - debits_pending >= 0
      else debits_posted - credits_posted - credits_pending >= 0
    end
  )
) with (fillfactor = 50);

-- An account's totals may change only together with the transfer that explains them: the row's last transfer must exist
-- and must state the very balance that the account now has.
create function check_accounts_explained() returns trigger language plpgsql as $$
begin
  if exists (
    select from changed a left join ledger_transfers t
      on t.merchant_id = a.merchant_id and t.mode = a.mode and t.number = a.last_transfer
    where case
      when t.debit_code = a.code then
        t.debit_posted_after <> a.credits_posted - a.debits_posted
        or t.debit_pending_after <> a.credits_pending - a.debits_pending
      when t.credit_code = a.code then
        t.credit_posted_after <> a.credits_posted - a.debits_posted
        or t.credit_pending_after <> a.credits_pending - a.debits_pending
      else true
    end or t.currency <> a.currency
  ) then
    raise exception 'a ledger account changed without a transfer that explains it'
      using errcode = 'PLEXP', constraint = 'ledger_accounts_explained';
  end if;
  return null;
end $$;
create trigger ledger_accounts_explained_insert after insert on ledger_accounts
  referencing new table as changed for each statement execute function check_accounts_explained();
create trigger ledger_accounts_explained_update after update on ledger_accounts
  referencing new table as changed for each statement execute function check_accounts_explained();
create trigger ledger_accounts_kept before delete on ledger_accounts for each row execute function refuse_change();

-- Events and webhooks --------------------------------------------------------------------------------------------------

create table events (
  merchant_id key_text not null,
  mode mode_text not null,
  id key_text not null,
  number bigint not null check (number > 0),
  type key_text not null,
  object_kind key_text not null,
  object_id key_text not null,
  object_revision integer not null,
  data json not null,
  created_at timestamptz not null,
  primary key (merchant_id, mode, number)
);
create unique index events_id_key on events (id, merchant_id, mode);
create index events_object on events (object_id, merchant_id, mode, number);
create trigger events_append_only before update or delete on events for each row execute function refuse_change();
create trigger events_no_truncate before truncate on events execute function refuse_change();

create table webhook_endpoints (
  merchant_id key_text not null,
  mode mode_text not null,
  id key_text not null,
  dialect key_text not null,
  -- Null: the merchant has a signing secret but no standing address; payments bring their own.
  url text,
  sealed_secret text not null,
  -- The engine's event types that it wants; null means all that its dialect knows.
  event_types json,
  status text not null check (status in ('enabled', 'disabled')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  revision integer not null,
  primary key (merchant_id, mode, id)
);

create table deliveries (
  merchant_id key_text not null,
  mode mode_text not null,
  id key_text not null,
  event_id key_text not null,
  event_number bigint not null,
  event_type key_text not null,
  object_id key_text not null,
  endpoint_id key_text not null,
  -- Where to: the endpoint's standing address or the address that the object brought.
  target key_text not null,
  url text not null,
  -- Deliveries of one lane are sent in their own time, so that a dead receiver delays nobody else.
  lane key_text not null,
  dialect key_text not null,
  body text not null,
  headers json not null,
  status key_text not null,
  attempts_made integer not null,
  due_at timestamptz,
  last_outcome text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  revision integer not null,
  primary key (merchant_id, mode, id)
) with (fillfactor = 85);
create unique index deliveries_event_target_key on deliveries (event_number, merchant_id, mode, target);
create index deliveries_object on deliveries (object_id, merchant_id, mode, id);
create index deliveries_due on deliveries (mode, due_at) where due_at is not null;
create trigger deliveries_status_moves before update of status on deliveries
  for each row
  when (old.status is distinct from new.status and old.status || '>' || new.status not in (
    'pending>pending', 'pending>delivered', 'pending>exhausted', 'pending>stopped', 'delivered>pending',
    'delivered>delivered', 'delivered>exhausted', 'delivered>stopped', 'exhausted>pending', 'exhausted>delivered',
    'exhausted>exhausted', 'exhausted>stopped', 'stopped>pending', 'stopped>delivered', 'stopped>exhausted',
    'stopped>stopped'))
  execute function refuse_status_move('delivery');

create table delivery_attempts (
  merchant_id key_text not null,
  mode mode_text not null,
  delivery_id key_text not null,
  number integer not null check (number > 0),
  started_at timestamptz not null,
  duration_ms integer not null,
  response_status integer,
  error text,
  response_excerpt text,
  primary key (merchant_id, mode, delivery_id, number)
);
create trigger delivery_attempts_append_only before update or delete on delivery_attempts
  for each row execute function refuse_change();

-- The process ----------------------------------------------------------------------------------------------------------

-- How far the sandbox clock stands from real time; one row for the installation, shared by its processes.
create table sandbox_clock (
  singleton boolean primary key default true check (singleton),
  offset_ms bigint not null,
  -- The instant that the clock was told to begin at, if it was.
  began_at timestamptz
);
insert into sandbox_clock (offset_ms) values (0);

-- Request counts of each caller, both windows in one row; losing them in a crash costs nothing, so they are not logged.
create unlogged table rate_limit_windows (
  key key_text primary key,
  short_limit integer not null,
  short_points integer not null,
  -- Epoch milliseconds of real time.
  short_reset_at bigint not null,
  long_points integer not null,
  long_reset_at bigint not null
) with (fillfactor = 50);
create index rate_limit_windows_long_reset_at on rate_limit_windows (long_reset_at);
