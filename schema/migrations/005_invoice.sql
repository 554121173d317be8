-- Gapless numbers per legal entity: the row is locked only by the statement that finalises an invoice.
CREATE TABLE invoice_sequence (
    entity_id TEXT PRIMARY KEY REFERENCES legal_entity,
    last      BIGINT NOT NULL DEFAULT 0 CHECK (last >= 0)
);

-- Amounts are minor units of `currency`. A finalised invoice never changes but for its collection:
-- status, amount_paid, paid_at.
CREATE TABLE invoice (
    id              TEXT PRIMARY KEY,
    business_key    TEXT NOT NULL UNIQUE,
    entity_id       TEXT NOT NULL REFERENCES legal_entity,
    customer_id     TEXT NOT NULL REFERENCES customer,
    subscription_id TEXT NOT NULL REFERENCES subscription,
    reason          TEXT NOT NULL CHECK (reason IN ('cycle', 'change', 'pause', 'final')),
    cycle           INT NOT NULL,
    number          TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('open', 'paid', 'void', 'uncollectible')),
    currency        TEXT NOT NULL,
    subtotal        BIGINT NOT NULL,
    tax             BIGINT NOT NULL,
    total           BIGINT NOT NULL,
    credit_granted  BIGINT NOT NULL CHECK (credit_granted >= 0),
    credit_applied  BIGINT NOT NULL CHECK (credit_applied >= 0),
    amount_due      BIGINT NOT NULL CHECK (amount_due >= 0),
    amount_paid     BIGINT NOT NULL DEFAULT 0 CHECK (amount_paid >= 0),
    period_start    TIMESTAMPTZ NOT NULL,
    period_end      TIMESTAMPTZ NOT NULL,
    zone            TEXT NOT NULL,
    tz_version      TEXT NOT NULL,
    issued_at       TIMESTAMPTZ NOT NULL,
    paid_at         TIMESTAMPTZ,
    provider_intent TEXT UNIQUE,
    UNIQUE (entity_id, number),
    CONSTRAINT total_is_subtotal_and_tax CHECK (total = subtotal + tax),
    CONSTRAINT due_is_total_less_credit CHECK (amount_due = total + credit_granted - credit_applied),
    CONSTRAINT credit_only_from_negative_total CHECK (credit_granted = GREATEST(-total, 0)),
    CONSTRAINT never_overpaid CHECK (amount_paid <= amount_due),
    CONSTRAINT paid_in_full CHECK ((status = 'paid') = (paid_at IS NOT NULL) AND (status <> 'paid' OR amount_paid = amount_due))
);

CREATE INDEX invoice_subscription ON invoice (subscription_id, issued_at);
CREATE INDEX invoice_customer ON invoice (customer_id, issued_at);
CREATE INDEX invoice_entity_issued ON invoice (entity_id, issued_at, id);
-- One regular invoice per subscription and cycle; changes inside the cycle have invoices of their own.
CREATE UNIQUE INDEX invoice_cycle_once ON invoice (subscription_id, cycle) WHERE reason = 'cycle';

CREATE TABLE invoice_line (
    invoice_id    TEXT NOT NULL REFERENCES invoice,
    position      INT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('recurring', 'usage', 'proration_credit', 'proration_charge')),
    charge_id     TEXT NOT NULL,
    plan_id       TEXT NOT NULL,
    plan_version  INT NOT NULL,
    description   TEXT NOT NULL,
    quantity      NUMERIC NOT NULL,
    exact         NUMERIC NOT NULL,
    amount        BIGINT NOT NULL,
    tax           BIGINT NOT NULL,
    treatment     TEXT NOT NULL,
    jurisdiction  TEXT NOT NULL,
    scheme        TEXT NOT NULL,
    tax_reason    TEXT NOT NULL,
    tax_rate      NUMERIC NOT NULL,
    period_start  TIMESTAMPTZ NOT NULL,
    period_end    TIMESTAMPTZ NOT NULL,
    credits_invoice  TEXT,
    credits_position INT,
    explanation   JSONB NOT NULL,
    PRIMARY KEY (invoice_id, position),
    FOREIGN KEY (credits_invoice, credits_position) REFERENCES invoice_line (invoice_id, position),
    CONSTRAINT credit_names_its_original CHECK ((kind = 'proration_credit') = (credits_invoice IS NOT NULL))
);

CREATE INDEX invoice_line_credits ON invoice_line (credits_invoice, credits_position) WHERE credits_invoice IS NOT NULL;

CREATE TRIGGER invoice_line_is_immutable BEFORE UPDATE OR DELETE ON invoice_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Checked at commit, when all lines of the invoice are there; so nothing can be added to a final invoice either.
CREATE FUNCTION require_lines_equal_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    off RECORD;
BEGIN
    SELECT i.subtotal, i.tax, SUM(l.amount) AS line_subtotal, SUM(l.tax) AS line_tax INTO off
      FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id WHERE i.id = NEW.invoice_id
     GROUP BY i.id HAVING i.subtotal <> SUM(l.amount) OR i.tax <> SUM(l.tax);
    IF FOUND THEN
        RAISE EXCEPTION 'invoice % says % and tax %, its lines say % and %', NEW.invoice_id, off.subtotal, off.tax, off.line_subtotal, off.line_tax
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_equals_its_lines';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER invoice_equals_its_lines AFTER INSERT ON invoice_line
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_lines_equal_invoice();

CREATE FUNCTION refuse_invoice_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR
       ROW(OLD.id, OLD.business_key, OLD.entity_id, OLD.customer_id, OLD.subscription_id, OLD.reason, OLD.cycle, OLD.number, OLD.currency,
           OLD.subtotal, OLD.tax, OLD.total, OLD.credit_granted, OLD.credit_applied, OLD.amount_due, OLD.period_start, OLD.period_end,
           OLD.zone, OLD.tz_version, OLD.issued_at)
       IS DISTINCT FROM
       ROW(NEW.id, NEW.business_key, NEW.entity_id, NEW.customer_id, NEW.subscription_id, NEW.reason, NEW.cycle, NEW.number, NEW.currency,
           NEW.subtotal, NEW.tax, NEW.total, NEW.credit_granted, NEW.credit_applied, NEW.amount_due, NEW.period_start, NEW.period_end,
           NEW.zone, NEW.tz_version, NEW.issued_at) THEN
        RAISE EXCEPTION 'invoice % is final: correct it with a credit note or another invoice', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_is_final';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER invoice_is_final BEFORE UPDATE OR DELETE ON invoice
    FOR EACH ROW EXECUTE FUNCTION refuse_invoice_edit();

ALTER TABLE subscription_cycle ADD FOREIGN KEY (invoice_id) REFERENCES invoice;
