-- One row per metered event. The caller's id makes a repeated delivery a no-op.
CREATE TABLE usage_event (
    customer_id TEXT NOT NULL REFERENCES customer,
    meter       TEXT NOT NULL,
    event_id    TEXT NOT NULL CHECK (length(event_id) BETWEEN 1 AND 200),
    at          TIMESTAMPTZ NOT NULL,
    quantity    NUMERIC(38, 12) NOT NULL CHECK (quantity >= 0),
    received_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, meter, event_id)
);

-- Usage summed into quarter hours (every zone offset in force is a multiple of 15 minutes), written in the
-- transaction that stores the events. `claimed` is the part some invoice has billed, so that an event
-- arriving late is billed by the next invoice and never twice.
CREATE TABLE usage_bucket (
    customer_id TEXT NOT NULL REFERENCES customer,
    meter       TEXT NOT NULL,
    bucket_at   TIMESTAMPTZ NOT NULL,
    quantity    NUMERIC(38, 12) NOT NULL,
    claimed     NUMERIC(38, 12) NOT NULL DEFAULT 0,
    PRIMARY KEY (customer_id, meter, bucket_at),
    CONSTRAINT never_claims_more_than_was_used CHECK (claimed BETWEEN 0 AND quantity)
);

CREATE INDEX usage_bucket_unclaimed ON usage_bucket (customer_id, meter, bucket_at) WHERE claimed < quantity;
