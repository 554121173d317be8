-- Mail leaves only after the transaction that made it necessary: it is queued here in that transaction.
-- The mail provider has no idempotency key, so a message whose fate is unknown is not sent again: it stays 'uncertain'.
CREATE TABLE outbox (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_key TEXT NOT NULL UNIQUE,
    template    TEXT NOT NULL,
    customer_id TEXT NOT NULL REFERENCES customer,
    invoice_id  TEXT REFERENCES invoice,
    as_of       TIMESTAMPTZ NOT NULL,
    status      TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sending', 'sent', 'refused', 'uncertain')),
    tries       INT NOT NULL DEFAULT 0,
    not_before  TIMESTAMPTZ NOT NULL DEFAULT now(),
    claimed_at  TIMESTAMPTZ,
    provider_id TEXT NOT NULL DEFAULT '',
    error       TEXT NOT NULL DEFAULT ''
);

CREATE INDEX outbox_waiting ON outbox (not_before, id) WHERE status IN ('pending', 'sending');

-- Webhooks as received: stored before they are answered, so none is lost; the provider's id makes repeats harmless.
CREATE TABLE inbound_event (
    id           TEXT PRIMARY KEY,
    provider     TEXT NOT NULL,
    type         TEXT NOT NULL,
    payload      JSONB NOT NULL,
    received_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    processed_at TIMESTAMPTZ,
    error        TEXT NOT NULL DEFAULT ''
);

CREATE INDEX inbound_event_waiting ON inbound_event (received_at) WHERE processed_at IS NULL;

-- What is due next, whoever owns it. The test clock and operators read this.
CREATE VIEW agenda AS
    SELECT 'subscription/' || s.id AS workflow_id, s.customer_id, c.test_clock_id, s.next_action_at
      FROM subscription s JOIN customer c ON c.id = s.customer_id WHERE s.next_action_at IS NOT NULL
    UNION ALL
    SELECT 'dunning/' || d.invoice_id, d.customer_id, c.test_clock_id, d.next_action_at
      FROM dunning d JOIN customer c ON c.id = d.customer_id WHERE d.ended_at IS NULL;
