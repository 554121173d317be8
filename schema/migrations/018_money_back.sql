-- Money that goes back through the payment it came from. Written before the provider is asked; while it is under way or
-- has succeeded, its amount is gone from what it pays out: the customer's credit, or, out of goodwill, our revenue.
CREATE TABLE refund (
    id              TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    payment_id      TEXT NOT NULL REFERENCES payment,
    status          TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    amount          BIGINT NOT NULL CONSTRAINT refund_is_positive CHECK (amount > 0),
    currency        TEXT NOT NULL,
    goodwill        BOOLEAN NOT NULL,
    reason          TEXT NOT NULL,
    -- The provider's key; a new one replaces it only when the provider has said that the old one did nothing.
    idempotency_key TEXT NOT NULL UNIQUE,
    provider_refund TEXT UNIQUE,
    failure         TEXT NOT NULL DEFAULT '',
    asked_at        TIMESTAMPTZ NOT NULL,
    settled_at      TIMESTAMPTZ,
    CONSTRAINT refund_settled_when_over CHECK ((status = 'pending') = (settled_at IS NULL)),
    CONSTRAINT refund_succeeds_at_the_provider CHECK (status <> 'succeeded' OR provider_refund IS NOT NULL),
    CONSTRAINT goodwill_has_a_reason CHECK (NOT goodwill OR reason <> '')
);

CREATE INDEX refund_payment ON refund (payment_id);

-- The payment is locked, so that two refunds at once cannot both find room.
CREATE FUNCTION require_refund_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid RECORD;
    refunded BIGINT;
BEGIN
    SELECT status, amount, currency INTO paid FROM payment WHERE id = NEW.payment_id FOR UPDATE;
    SELECT COALESCE(SUM(amount), 0) INTO refunded FROM refund WHERE payment_id = NEW.payment_id AND status <> 'failed' AND id <> NEW.id;
    IF NEW.status <> 'failed' AND (paid.status <> 'succeeded' OR paid.currency <> NEW.currency OR refunded + NEW.amount > paid.amount) THEN
        RAISE EXCEPTION 'refund % of % %: payment % of % % is %, and % of it went back already', NEW.id, NEW.amount, NEW.currency,
            NEW.payment_id, paid.amount, paid.currency, paid.status, refunded USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_within_payment';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER refund_within_payment BEFORE INSERT OR UPDATE ON refund
    FOR EACH ROW EXECUTE FUNCTION require_refund_within_payment();

CREATE FUNCTION refuse_refund_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR ROW(OLD.id, OLD.payment_id, OLD.amount, OLD.currency, OLD.goodwill, OLD.reason, OLD.asked_at)
        IS DISTINCT FROM ROW(NEW.id, NEW.payment_id, NEW.amount, NEW.currency, NEW.goodwill, NEW.reason, NEW.asked_at)
        OR OLD.status = 'failed' AND NEW.status <> 'failed' THEN
        RAISE EXCEPTION 'refund % is what was asked for: make another one', OLD.id USING ERRCODE = 'restrict_violation', CONSTRAINT = 'refund_is_what_was_asked';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER refund_is_what_was_asked BEFORE UPDATE OR DELETE ON refund
    FOR EACH ROW EXECUTE FUNCTION refuse_refund_edit();

-- A payment that its bank takes back, as the provider told us last. `movements` are the provider's balance transactions of
-- it: none, the withdrawal, the reinstatement. `withdrawn` and `fee` are what is gone after all of them.
CREATE TABLE dispute (
    id         TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES payment,
    status     TEXT NOT NULL CHECK (status IN ('warning_needs_response', 'warning_under_review', 'warning_closed',
                                               'needs_response', 'under_review', 'won', 'lost')),
    reason     TEXT NOT NULL,
    amount     BIGINT NOT NULL CONSTRAINT dispute_is_positive CHECK (amount > 0),
    currency   TEXT NOT NULL,
    movements  INT NOT NULL CHECK (movements >= 0),
    withdrawn  BIGINT NOT NULL CONSTRAINT dispute_never_gives CHECK (withdrawn >= 0),
    fee        BIGINT NOT NULL,
    respond_by TIMESTAMPTZ,
    opened_at  TIMESTAMPTZ NOT NULL,
    closed_at  TIMESTAMPTZ,
    CONSTRAINT dispute_closed_when_over CHECK ((status IN ('warning_closed', 'won', 'lost')) = (closed_at IS NOT NULL))
);

CREATE INDEX dispute_payment ON dispute (payment_id);
CREATE INDEX dispute_open ON dispute (opened_at) WHERE closed_at IS NULL;
