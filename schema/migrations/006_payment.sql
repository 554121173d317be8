-- An attempt to collect an invoice, written before the provider is asked.
CREATE TABLE payment (
    id              TEXT PRIMARY KEY,
    invoice_id      TEXT NOT NULL REFERENCES invoice,
    attempt         INT NOT NULL CHECK (attempt > 0),
    status          TEXT NOT NULL CHECK (status IN ('pending', 'processing', 'requires_action', 'succeeded', 'failed')),
    amount          BIGINT NOT NULL CHECK (amount > 0),
    currency        TEXT NOT NULL,
    -- The provider's key for this attempt; a new one replaces it only when the provider has said that the old one did nothing.
    idempotency_key TEXT NOT NULL UNIQUE,
    method_id       TEXT REFERENCES payment_method,
    provider_charge TEXT UNIQUE,
    provider_fee    BIGINT NOT NULL DEFAULT 0,
    decline_code    TEXT NOT NULL DEFAULT '',
    asked_at        TIMESTAMPTZ NOT NULL,
    settled_at      TIMESTAMPTZ,
    UNIQUE (invoice_id, attempt),
    CONSTRAINT settled_when_over CHECK ((status IN ('succeeded', 'failed')) = (settled_at IS NOT NULL))
);

-- The rule that no invoice is paid twice: one attempt may be under way or have succeeded.
CREATE UNIQUE INDEX payment_one_live_per_invoice ON payment (invoice_id)
    WHERE status IN ('pending', 'processing', 'requires_action', 'succeeded');

-- The unpaid invoices somebody is after; the workflow dunning/{invoice} owns the row.
CREATE TABLE dunning (
    invoice_id     TEXT PRIMARY KEY REFERENCES invoice,
    customer_id    TEXT NOT NULL REFERENCES customer,
    status         TEXT NOT NULL CHECK (status IN ('retrying', 'waiting', 'recovered', 'given_up')),
    attempts       INT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    reason         TEXT NOT NULL DEFAULT '',
    next_action_at TIMESTAMPTZ,
    started_at     TIMESTAMPTZ NOT NULL,
    ended_at       TIMESTAMPTZ,
    CONSTRAINT over_or_next CHECK ((ended_at IS NULL) = (next_action_at IS NOT NULL))
);

CREATE INDEX dunning_open ON dunning (customer_id) WHERE ended_at IS NULL;
