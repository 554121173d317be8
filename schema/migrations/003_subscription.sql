-- One row per subscription mirrors the state its workflow decided, for reads and for the clock.
CREATE TABLE subscription (
    id                   TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    entity_id            TEXT NOT NULL REFERENCES legal_entity,
    customer_id          TEXT NOT NULL REFERENCES customer,
    currency             TEXT NOT NULL,
    zone                 TEXT NOT NULL,
    status               TEXT NOT NULL CHECK (status IN ('scheduled', 'trialing', 'active', 'past_due', 'paused', 'canceled')),
    plan_id              TEXT NOT NULL,
    plan_version         INT NOT NULL,
    seats                BIGINT NOT NULL CHECK (seats >= 0),
    billed_by            TEXT NOT NULL CHECK (billed_by IN ('renewal', 'invoice_run')),
    anchor               DATE NOT NULL,
    cycle                INT NOT NULL CHECK (cycle >= -1),
    period_start         TIMESTAMPTZ,
    period_end           TIMESTAMPTZ,
    cancel_at_period_end BOOLEAN NOT NULL DEFAULT FALSE,
    started_at           TIMESTAMPTZ NOT NULL,
    ended_at             TIMESTAMPTZ,
    end_reason           TEXT NOT NULL DEFAULT '',
    next_action_at       TIMESTAMPTZ,
    created_at           TIMESTAMPTZ NOT NULL,
    FOREIGN KEY (plan_id, plan_version) REFERENCES plan_version,
    CONSTRAINT ended_has_no_next_action CHECK (status <> 'canceled' OR (ended_at IS NOT NULL AND next_action_at IS NULL)),
    CONSTRAINT period_has_length CHECK (period_end IS NULL OR period_end > period_start)
);

CREATE INDEX subscription_customer ON subscription (customer_id);
CREATE INDEX subscription_run ON subscription (entity_id, id) WHERE billed_by = 'invoice_run';

-- What was in force, from when to when: the facts an invoice is made of.
CREATE TABLE subscription_segment (
    subscription_id TEXT NOT NULL REFERENCES subscription,
    seq             INT NOT NULL,
    plan_id         TEXT NOT NULL,
    plan_version    INT NOT NULL,
    seats           BIGINT NOT NULL CHECK (seats >= 0),
    from_at         TIMESTAMPTZ NOT NULL,
    to_at           TIMESTAMPTZ,
    PRIMARY KEY (subscription_id, seq),
    FOREIGN KEY (plan_id, plan_version) REFERENCES plan_version,
    CONSTRAINT segment_does_not_run_backwards CHECK (to_at IS NULL OR to_at >= from_at)
);

CREATE UNIQUE INDEX segment_one_open ON subscription_segment (subscription_id) WHERE to_at IS NULL;

-- Every cycle a subscription went through: its period, and whether an invoice or a stated reason came of it.
CREATE TABLE subscription_cycle (
    subscription_id TEXT NOT NULL REFERENCES subscription,
    cycle           INT NOT NULL CHECK (cycle >= 0),
    period_start    TIMESTAMPTZ NOT NULL,
    period_end      TIMESTAMPTZ NOT NULL,
    invoice_id      TEXT,
    skipped_because TEXT,
    billed_at       TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (subscription_id, cycle),
    CONSTRAINT one_invoice_or_a_reason CHECK ((invoice_id IS NULL) <> (skipped_because IS NULL)),
    CONSTRAINT cycle_has_length CHECK (period_end > period_start)
);

-- Commands that were carried out, so that a repeated one answers as it did before.
CREATE TABLE command (
    subscription_id TEXT NOT NULL REFERENCES subscription,
    id              TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 200),
    kind            TEXT NOT NULL,
    at              TIMESTAMPTZ NOT NULL,
    actor           TEXT NOT NULL,
    reason          TEXT NOT NULL DEFAULT '',
    input           JSONB NOT NULL,
    result          JSONB NOT NULL,
    recorded_at     TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (subscription_id, id)
);
