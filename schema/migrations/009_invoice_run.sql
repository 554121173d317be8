-- The month of an entity: who was due when it started, and what became of each.
CREATE TABLE invoice_run (
    id           TEXT PRIMARY KEY,
    entity_id    TEXT NOT NULL REFERENCES legal_entity,
    period       TEXT NOT NULL CHECK (period ~ '^[0-9]{4}-[0-9]{2}$'),
    as_of        TIMESTAMPTZ NOT NULL,
    shards       INT NOT NULL CHECK (shards > 0),
    status       TEXT NOT NULL CHECK (status IN ('running', 'completed')),
    started_at   TIMESTAMPTZ NOT NULL,
    completed_at TIMESTAMPTZ,
    UNIQUE (entity_id, period)
);

CREATE TABLE invoice_run_member (
    run_id          TEXT NOT NULL REFERENCES invoice_run,
    shard           INT NOT NULL,
    subscription_id TEXT NOT NULL REFERENCES subscription,
    invoice_id      TEXT REFERENCES invoice,
    skipped_because TEXT,
    PRIMARY KEY (run_id, subscription_id),
    CONSTRAINT not_both CHECK (invoice_id IS NULL OR skipped_because IS NULL)
);

CREATE INDEX invoice_run_member_shard ON invoice_run_member (run_id, shard, subscription_id);
