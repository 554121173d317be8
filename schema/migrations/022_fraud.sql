-- Rules by which payments are screened. A version never changes what it asks; who put it in force, and who took it out
-- again, is written down beside it.
CREATE TABLE fraud_rule (
    entity_id    TEXT NOT NULL REFERENCES legal_entity,
    name         TEXT NOT NULL CHECK (name ~ '^[a-z][a-z0-9_-]{0,59}$'),
    version      INT NOT NULL CHECK (version > 0),
    kind         TEXT NOT NULL CHECK (kind IN ('request_3ds', 'allow', 'block', 'review')),
    expression   TEXT NOT NULL CHECK (expression <> ''),
    status       TEXT NOT NULL CHECK (status IN ('draft', 'live', 'retired')),
    added_by     TEXT NOT NULL,
    added_why    TEXT NOT NULL,
    added_at     TIMESTAMPTZ NOT NULL,
    -- The dry run on whose result the version went live, or why it went without one.
    dry_run_id   BIGINT,
    no_dry_run_because TEXT NOT NULL DEFAULT '',
    enabled_by   TEXT NOT NULL DEFAULT '',
    enabled_at   TIMESTAMPTZ,
    retired_by   TEXT NOT NULL DEFAULT '',
    retired_why  TEXT NOT NULL DEFAULT '',
    retired_at   TIMESTAMPTZ,
    PRIMARY KEY (entity_id, name, version),
    CONSTRAINT live_after_dry_run CHECK (status <> 'live' OR enabled_at IS NOT NULL AND (dry_run_id IS NOT NULL OR no_dry_run_because <> '')),
    CONSTRAINT rule_retired_at_some_time CHECK ((status = 'retired') = (retired_at IS NOT NULL))
);

CREATE UNIQUE INDEX fraud_rule_one_live_version ON fraud_rule (entity_id, name) WHERE status = 'live';

CREATE FUNCTION refuse_rule_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR ROW(OLD.entity_id, OLD.name, OLD.version, OLD.kind, OLD.expression, OLD.added_by, OLD.added_at)
        IS DISTINCT FROM ROW(NEW.entity_id, NEW.name, NEW.version, NEW.kind, NEW.expression, NEW.added_by, NEW.added_at)
        OR OLD.status = 'retired' THEN
        RAISE EXCEPTION 'rule % version % is what was decided by: add another version', OLD.name, OLD.version
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'rule_version_is_final';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER rule_version_is_final BEFORE UPDATE OR DELETE ON fraud_rule FOR EACH ROW EXECUTE FUNCTION refuse_rule_edit();

-- What an expression would have done to the payments of the past.
CREATE TABLE fraud_dry_run (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity_id  TEXT NOT NULL REFERENCES legal_entity,
    kind       TEXT NOT NULL,
    expression TEXT NOT NULL,
    since      TIMESTAMPTZ NOT NULL,
    until      TIMESTAMPTZ NOT NULL,
    payments   BIGINT NOT NULL,
    matched    BIGINT NOT NULL,
    succeeded  BIGINT NOT NULL,
    disputed   BIGINT NOT NULL,
    warned     BIGINT NOT NULL,
    unknown    BIGINT NOT NULL,
    ran_at     TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX fraud_dry_run_expression ON fraud_dry_run (entity_id, kind, md5(expression));
ALTER TABLE fraud_rule ADD FOREIGN KEY (dry_run_id) REFERENCES fraud_dry_run;

CREATE TABLE fraud_list (
    entity_id  TEXT NOT NULL REFERENCES legal_entity,
    name       TEXT NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,49}$'),
    item_type  TEXT NOT NULL CHECK (item_type IN ('email', 'email_domain', 'fingerprint', 'country', 'customer')),
    created_by TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (entity_id, name)
);

-- An item counts from added_at until it expires or is removed. Rows stay, so that a decision of the past can be explained.
CREATE TABLE fraud_list_item (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity_id   TEXT NOT NULL,
    list        TEXT NOT NULL,
    value       TEXT NOT NULL,
    source      TEXT NOT NULL CHECK (source IN ('operator', 'dispute', 'early_fraud_warning')),
    -- What the source was: the dispute, the warning; empty for an operator.
    source_id   TEXT NOT NULL DEFAULT '',
    added_by    TEXT NOT NULL,
    why         TEXT NOT NULL,
    added_at    TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ,
    removed_by  TEXT NOT NULL DEFAULT '',
    removed_why TEXT NOT NULL DEFAULT '',
    removed_at  TIMESTAMPTZ,
    FOREIGN KEY (entity_id, list) REFERENCES fraud_list,
    CONSTRAINT item_expires_later CHECK (expires_at IS NULL OR expires_at > added_at)
);

CREATE UNIQUE INDEX fraud_list_item_once ON fraud_list_item (entity_id, list, value) WHERE removed_at IS NULL;
CREATE INDEX fraud_list_item_value ON fraud_list_item (entity_id, value);
-- A dispute or warning puts a value on a list once: removed by a person, it does not come back when the event is told again.
CREATE UNIQUE INDEX fraud_list_item_once_per_source ON fraud_list_item (entity_id, list, value, source_id) WHERE source_id <> '';

-- What the provider says a payment method is. The fingerprint is the provider's, the same for everybody who uses the card.
CREATE TABLE payment_method_detail (
    method_id   TEXT PRIMARY KEY REFERENCES payment_method,
    kind        TEXT NOT NULL,
    fingerprint TEXT NOT NULL DEFAULT '',
    country     TEXT NOT NULL DEFAULT '',
    funding     TEXT NOT NULL DEFAULT '',
    network     TEXT NOT NULL DEFAULT ''
);

CREATE INDEX payment_method_detail_fingerprint ON payment_method_detail (fingerprint) WHERE fingerprint <> '';
CREATE INDEX customer_email_domain ON customer (entity_id, lower(split_part(email, '@', 2)));

-- The decision about an attempt, with the facts it was made from (without e-mail address and fingerprint).
CREATE TABLE fraud_screening (
    payment_id TEXT PRIMARY KEY REFERENCES payment,
    action     TEXT NOT NULL CHECK (action IN ('none', 'request_3ds', 'allow', 'block', 'review')),
    decision   JSONB NOT NULL,
    facts      JSONB NOT NULL,
    listed     JSONB NOT NULL,
    facts_hash TEXT NOT NULL,
    at         TIMESTAMPTZ NOT NULL
);

CREATE TRIGGER fraud_screening_is_immutable BEFORE UPDATE OR DELETE ON fraud_screening FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What the provider's own screening said of a payment's charge.
CREATE TABLE payment_risk (
    payment_id     TEXT PRIMARY KEY REFERENCES payment,
    charge         TEXT NOT NULL,
    type           TEXT NOT NULL,
    network_status TEXT NOT NULL DEFAULT '',
    reason         TEXT NOT NULL DEFAULT '',
    rule           TEXT NOT NULL DEFAULT '',
    risk_level     TEXT NOT NULL DEFAULT '',
    risk_score     BIGINT CHECK (risk_score BETWEEN 0 AND 100)
);

-- A payment about which a person decides; the workflow fraud-review/{payment} owns the row.
CREATE TABLE fraud_review (
    payment_id      TEXT PRIMARY KEY REFERENCES payment,
    customer_id     TEXT NOT NULL REFERENCES customer,
    cause           TEXT NOT NULL CHECK (cause IN ('rule', 'provider')),
    provider_review TEXT UNIQUE,
    -- Nothing was asked of the provider yet: the attempt waits for the decision.
    before_charge   BOOLEAN NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('open', 'approved', 'declined')),
    opened_at       TIMESTAMPTZ NOT NULL,
    deadline_at     TIMESTAMPTZ NOT NULL,
    decided_by      TEXT NOT NULL DEFAULT '',
    reason          TEXT NOT NULL DEFAULT '',
    decided_at      TIMESTAMPTZ,
    CONSTRAINT review_decided_when_over CHECK ((status = 'open') = (decided_at IS NULL)),
    CONSTRAINT review_decided_by_somebody CHECK (status = 'open' OR decided_by <> '' AND reason <> ''),
    CONSTRAINT provider_reviews_what_it_charged CHECK (NOT (before_charge AND cause = 'provider'))
);

CREATE INDEX fraud_review_open ON fraud_review (customer_id) WHERE status = 'open';

-- An issuer's report that a payment was fraud, before any dispute.
CREATE TABLE fraud_warning (
    id         TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES payment,
    fraud_type TEXT NOT NULL,
    -- Neither refunded nor disputed yet.
    actionable BOOLEAN NOT NULL,
    opened_at  TIMESTAMPTZ NOT NULL
);

CREATE INDEX fraud_warning_payment ON fraud_warning (payment_id);

-- How a seller treats suspicion; without a row, by the default.
CREATE TABLE fraud_policy (
    entity_id TEXT PRIMARY KEY REFERENCES legal_entity,
    policy    JSONB NOT NULL
);

-- The free trials that began, by what limits them. Mailboxes and devices are kept as hashes.
CREATE TABLE trial_claim (
    subscription_id TEXT NOT NULL REFERENCES subscription,
    entity_id       TEXT NOT NULL REFERENCES legal_entity,
    kind            TEXT NOT NULL CHECK (kind IN ('fingerprint', 'email', 'device')),
    value           TEXT NOT NULL,
    at              TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (subscription_id, kind)
);

CREATE INDEX trial_claim_value ON trial_claim (entity_id, kind, value, at);

ALTER TABLE subscription DROP CONSTRAINT subscription_status_check, ADD CONSTRAINT subscription_status_check
    CHECK (status IN ('scheduled', 'trialing', 'active', 'held', 'past_due', 'paused', 'canceled'));

CREATE OR REPLACE VIEW agenda AS
    SELECT 'subscription/' || s.id AS workflow_id, s.customer_id, c.test_clock_id, s.next_action_at
      FROM subscription s JOIN customer c ON c.id = s.customer_id WHERE s.next_action_at IS NOT NULL
    UNION ALL
    SELECT 'dunning/' || d.invoice_id, d.customer_id, c.test_clock_id, d.next_action_at
      FROM dunning d JOIN customer c ON c.id = d.customer_id WHERE d.ended_at IS NULL
    UNION ALL
    SELECT 'checkout/' || k.id, k.customer_id, c.test_clock_id, k.expires_at
      FROM checkout_session k JOIN customer c ON c.id = k.customer_id WHERE k.status = 'open' AND k.provider_session IS NOT NULL
    UNION ALL
    SELECT 'fraud-review/' || r.payment_id, r.customer_id, c.test_clock_id, r.deadline_at
      FROM fraud_review r JOIN customer c ON c.id = r.customer_id WHERE r.status = 'open';
