-- One row per invoice and tax group, written with the invoice: what returns are made of.
CREATE TABLE tax_entry (
    id           TEXT PRIMARY KEY,
    entity_id    TEXT NOT NULL REFERENCES legal_entity,
    invoice_id   TEXT NOT NULL REFERENCES invoice,
    scheme       TEXT NOT NULL,
    jurisdiction TEXT NOT NULL,
    treatment    TEXT NOT NULL,
    reason       TEXT NOT NULL,
    rate         NUMERIC NOT NULL,
    currency     TEXT NOT NULL,
    net          BIGINT NOT NULL,
    tax          BIGINT NOT NULL,
    tax_point    DATE NOT NULL,
    return_id    TEXT
);

CREATE INDEX tax_entry_unfiled ON tax_entry (entity_id, scheme, tax_point) WHERE return_id IS NULL;

-- What a foreign amount is worth for a return. `source` names the publisher.
CREATE TABLE fx_rate (
    base     TEXT NOT NULL,
    quote    TEXT NOT NULL,
    on_date  DATE NOT NULL,
    rate     NUMERIC NOT NULL CHECK (rate > 0),
    source   TEXT NOT NULL,
    PRIMARY KEY (base, quote, on_date, source)
);

CREATE TABLE tax_return (
    id           TEXT PRIMARY KEY,
    entity_id    TEXT NOT NULL REFERENCES legal_entity,
    scheme       TEXT NOT NULL,
    period       TEXT NOT NULL,
    revision     INT NOT NULL DEFAULT 1 CHECK (revision > 0),
    status       TEXT NOT NULL CHECK (status IN ('frozen', 'computed', 'approved', 'filed', 'paid')),
    file_by      DATE NOT NULL,
    pay_by       DATE NOT NULL,
    currency     TEXT NOT NULL,
    payable      BIGINT NOT NULL DEFAULT 0,
    content      JSONB NOT NULL DEFAULT '{}',
    approved_by  TEXT NOT NULL DEFAULT '',
    approved_at  TIMESTAMPTZ,
    filed_ref    TEXT NOT NULL DEFAULT '',
    filed_at     TIMESTAMPTZ,
    paid_at      TIMESTAMPTZ,
    frozen_at    TIMESTAMPTZ NOT NULL,
    UNIQUE (entity_id, scheme, period, revision),
    CONSTRAINT filed_only_when_approved CHECK (status NOT IN ('approved', 'filed', 'paid') OR approved_by <> '')
);

ALTER TABLE tax_entry ADD FOREIGN KEY (return_id) REFERENCES tax_return;
