-- How an entity makes prices in currencies that its catalogue lacks; NULL: it does not.
ALTER TABLE legal_entity ADD COLUMN presentment JSONB;

-- A local price as it was shown to somebody, and until when it holds.
CREATE TABLE price_quote (
    id           TEXT PRIMARY KEY,
    entity_id    TEXT NOT NULL REFERENCES legal_entity,
    plan_id      TEXT NOT NULL,
    plan_version INT NOT NULL,
    currency     TEXT NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    conversion   JSONB NOT NULL,
    quoted_at    TIMESTAMPTZ NOT NULL,
    valid_until  TIMESTAMPTZ NOT NULL,
    FOREIGN KEY (plan_id, plan_version) REFERENCES plan_version,
    CONSTRAINT quote_holds_for_a_time CHECK (valid_until > quoted_at)
);

CREATE TRIGGER price_quote_is_immutable BEFORE UPDATE OR DELETE ON price_quote
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What a plan version was sold at to a subscription in a currency that the catalogue lacks: for the subscription's life.
-- The newest row of a version counts; none is added once the version has been in force.
CREATE TABLE price_lock (
    subscription_id TEXT NOT NULL REFERENCES subscription,
    plan_id         TEXT NOT NULL,
    plan_version    INT NOT NULL,
    locked_at       TIMESTAMPTZ NOT NULL,
    currency        TEXT NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    from_currency   TEXT NOT NULL CHECK (from_currency ~ '^[A-Z]{3}$'),
    rate            NUMERIC NOT NULL,
    rate_date       DATE NOT NULL,
    source          TEXT NOT NULL,
    markup_percent  NUMERIC NOT NULL,
    conversion      JSONB NOT NULL,
    quote_id        TEXT REFERENCES price_quote,
    PRIMARY KEY (subscription_id, plan_id, plan_version, locked_at),
    FOREIGN KEY (plan_id, plan_version) REFERENCES plan_version,
    CONSTRAINT locked_rate_is_positive CHECK (rate > 0 AND markup_percent >= 0),
    CONSTRAINT locked_in_another_currency CHECK (currency <> from_currency)
);

CREATE TRIGGER price_lock_is_immutable BEFORE UPDATE OR DELETE ON price_lock
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
