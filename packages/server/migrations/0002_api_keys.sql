-- What an api key may be used for and from where, when it was used last, and what replaced it. No index: keys are listed by
-- the primary key and found by their hash.

alter table api_keys
  -- A publishable key may stand in a web page; a secret one may not.
  add column kind text not null default 'secret' check (kind in ('secret', 'publishable')),
  -- Networks in CIDR notation from which the key may be used; null where it may be used from anywhere.
  add column ip_allow json,
  -- Written by a statement of its own, about once a minute, and never by a decision: it does not raise the revision.
  add column last_used_at timestamptz,
  -- The key that this one was made to replace, and the one that was made to replace this one.
  add column rotated_from key_text,
  add column replaced_by key_text,
  add column revoked_at timestamptz;
