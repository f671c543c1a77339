-- What fixtures bring beside the engine's own rows: a sandbox's bank accounts that resolve, and which files were loaded.

create table sandbox_bank_accounts (
  merchant_id key_text not null,
  mode mode_text not null check (mode = 'sandbox'),
  bank_code key_text not null,
  account_number key_text not null,
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null,
  revision integer not null,
  primary key (merchant_id, mode, bank_code, account_number)
);

-- One row for each merchant of a file: the same file, loaded again, is known by it.
create table loaded_pasts (
  merchant_id key_text not null,
  mode mode_text not null check (mode = 'sandbox'),
  -- SHA-256 of the file's content in canonical form, in hexadecimal.
  hash key_text not null,
  loaded_at timestamptz not null,
  primary key (merchant_id, mode, hash)
);
