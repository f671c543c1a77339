-- Webhook endpoints that merchants manage, and a delivery log that shows what was sent and what came back.

alter table webhook_endpoints
  add column description text check (length(description) <= 500),
  -- The version of the house API in whose form events are rendered; set when the endpoint is made.
  add column api_version key_text not null default '2026-11-01',
  add column payload key_text not null default 'full' check (payload in ('full', 'thin')),
  -- The secret before the last rotation, which signs beside the new one until its time is over.
  add column previous_sealed_secret text,
  add column previous_secret_until timestamptz,
  -- When the failures began of which none was followed by a success.
  add column failing_since timestamptz,
  add column disabled_reason text,
  drop constraint webhook_endpoints_status_check,
  add constraint webhook_endpoints_status_check check (status in ('enabled', 'paused', 'disabled', 'deleted')),
  add constraint webhook_endpoints_previous_secret_ends
    check ((previous_sealed_secret is null) = (previous_secret_until is null));

alter table delivery_attempts
  add column request_headers json,
  add column response_headers json;

-- The delivery log of one endpoint.
create index deliveries_endpoint on deliveries (endpoint_id, merchant_id, mode, id);
-- What has failed, to be sent again. A delivery that arrives is never in it, so the usual one does not pay for it.
create index deliveries_failed on deliveries (status, merchant_id, mode, id) where status in ('exhausted', 'stopped');
-- What waits for its paused endpoint, oldest first.
create index deliveries_waiting on deliveries (endpoint_id, merchant_id, mode, id)
  where status = 'pending' and due_at is null;
