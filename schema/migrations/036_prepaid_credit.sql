-- Prepaid credit, which pays invoices after tax. The words: `wallet` is a customer's balance from credit notes; what is here
-- was paid or given in advance, grant by grant. Amounts are minor units of `currency`.
CREATE TABLE credit_grant (
    customer_id  TEXT NOT NULL REFERENCES customer,
    id           TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 120),
    currency     TEXT NOT NULL,
    basis        TEXT NOT NULL CHECK (basis IN ('paid', 'promotional')),
    amount       BIGINT NOT NULL CONSTRAINT grant_is_positive CHECK (amount > 0),
    -- What was paid for it, without tax.
    cost         BIGINT NOT NULL,
    priority     INT NOT NULL CONSTRAINT grant_priority_in_range CHECK (priority BETWEEN 0 AND 100),
    -- What it pays, what of it rolls over, and for how long it is good once it is usable, as billing/wallet writes it.
    terms        JSONB NOT NULL,
    -- How it was paid: by an invoice, or where these books do not see it.
    invoice_id   TEXT UNIQUE REFERENCES invoice,
    paid_outside BOOLEAN NOT NULL DEFAULT FALSE,
    granted_at   TIMESTAMPTZ NOT NULL,
    -- NULL until it may be used: credit that is bought, until it is paid.
    usable_from  TIMESTAMPTZ,
    expires_at   TIMESTAMPTZ,
    -- Moved by movements only. No two transactions overspend a grant: who spends holds the customer's `wallet` row in the
    -- currency, and this constraint has the last word.
    amount_left  BIGINT NOT NULL DEFAULT 0,
    cost_left    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (customer_id, id),
    CONSTRAINT grant_cost_fits_basis CHECK (CASE basis WHEN 'paid' THEN cost BETWEEN 1 AND amount ELSE cost = 0 END),
    CONSTRAINT grant_is_never_overspent CHECK (0 <= cost_left AND cost_left <= amount_left AND amount_left <= amount),
    CONSTRAINT grant_expires_after_it_begins CHECK (expires_at > usable_from),
    CONSTRAINT grant_waits_for_an_invoice CHECK (usable_from IS NOT NULL OR invoice_id IS NOT NULL),
    CONSTRAINT grant_paid_one_way CHECK (basis = 'paid' OR (invoice_id IS NULL AND NOT paid_outside))
);

CREATE INDEX credit_grant_left ON credit_grant (customer_id, currency) WHERE amount_left > 0;

-- All that ever changed a grant. `key` is the movement's business identity.
CREATE TABLE credit_grant_movement (
    customer_id TEXT NOT NULL,
    key         TEXT NOT NULL,
    grant_id    TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('granted', 'spent', 'broken', 'rolled_over', 'revoked', 'returned')),
    amount      BIGINT NOT NULL,
    cost        BIGINT NOT NULL,
    -- The invoice that was paid.
    invoice_id  TEXT REFERENCES invoice,
    at          TIMESTAMPTZ NOT NULL,
    seq         BIGINT GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (customer_id, key),
    CONSTRAINT movement_is_of_a_grant FOREIGN KEY (customer_id, grant_id) REFERENCES credit_grant (customer_id, id),
    CONSTRAINT movement_goes_one_way CHECK (CASE kind WHEN 'granted' THEN amount > 0 AND cost >= 0 ELSE amount < 0 AND cost <= 0 END),
    CONSTRAINT spent_on_an_invoice CHECK ((kind = 'spent') = (invoice_id IS NOT NULL))
);

CREATE INDEX credit_grant_movement_grant ON credit_grant_movement (customer_id, grant_id, seq);
CREATE INDEX credit_grant_movement_invoice ON credit_grant_movement (invoice_id) WHERE invoice_id IS NOT NULL;

CREATE TRIGGER credit_grant_movement_is_immutable BEFORE UPDATE OR DELETE ON credit_grant_movement
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What is left of a grant is the sum of its movements because nothing else changes it.
CREATE FUNCTION move_credit_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credit_grant SET amount_left = amount_left + NEW.amount, cost_left = cost_left + NEW.cost
     WHERE (customer_id, id) = (NEW.customer_id, NEW.grant_id);
    RETURN NULL;
END $$;

CREATE TRIGGER grant_follows_its_movements AFTER INSERT ON credit_grant_movement
    FOR EACH ROW EXECUTE FUNCTION move_credit_grant();

CREATE FUNCTION refuse_grant_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR
       ROW(OLD.customer_id, OLD.id, OLD.currency, OLD.basis, OLD.amount, OLD.cost, OLD.priority, OLD.terms, OLD.invoice_id, OLD.paid_outside, OLD.granted_at)
       IS DISTINCT FROM
       ROW(NEW.customer_id, NEW.id, NEW.currency, NEW.basis, NEW.amount, NEW.cost, NEW.priority, NEW.terms, NEW.invoice_id, NEW.paid_outside, NEW.granted_at)
       OR (OLD.usable_from IS NOT NULL AND (OLD.usable_from, OLD.expires_at) IS DISTINCT FROM (NEW.usable_from, NEW.expires_at))
       OR ((OLD.amount_left, OLD.cost_left) IS DISTINCT FROM (NEW.amount_left, NEW.cost_left) AND pg_trigger_depth() < 2) THEN
        RAISE EXCEPTION 'grant % of customer % is final: only movements change what is left of it', OLD.id, OLD.customer_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'grant_is_final';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER grant_is_final BEFORE UPDATE OR DELETE ON credit_grant
    FOR EACH ROW EXECUTE FUNCTION refuse_grant_edit();

-- A customer's prepaid credit in a currency: how it is topped up, as starter writes it, and when its workflow acts next.
CREATE TABLE prepaid_wallet (
    customer_id    TEXT NOT NULL REFERENCES customer,
    currency       TEXT NOT NULL,
    top_up         JSONB,
    -- How many boundaries of the top-up's schedule are dealt with.
    scheduled      INT NOT NULL DEFAULT 0,
    next_action_at TIMESTAMPTZ,
    PRIMARY KEY (customer_id, currency)
);

-- Which of a customer's grants is used first: billing/wallet.Policy.
ALTER TABLE legal_entity ADD COLUMN prepaid_policy JSONB NOT NULL DEFAULT '{}';

-- An invoice that sells prepaid credit is of no subscription: its `subscription_id` is empty.
ALTER TABLE invoice
    DROP CONSTRAINT invoice_subscription_id_fkey,
    ADD COLUMN of_subscription TEXT GENERATED ALWAYS AS (NULLIF(subscription_id, '')) STORED,
    ADD CONSTRAINT invoice_subscription_id_fkey FOREIGN KEY (of_subscription) REFERENCES subscription,
    DROP CONSTRAINT invoice_reason_check,
    ADD CONSTRAINT invoice_reason_check CHECK (reason IN ('cycle', 'change', 'pause', 'final', 'items', 'prepaid')),
    ADD CONSTRAINT only_credit_is_sold_alone CHECK ((subscription_id = '') = (reason = 'prepaid')),
    ADD COLUMN prepaid_applied BIGINT NOT NULL DEFAULT 0 CONSTRAINT prepaid_only_pays CHECK (prepaid_applied >= 0),
    DROP CONSTRAINT due_is_total_less_credit,
    ADD CONSTRAINT due_is_total_less_credit CHECK
        (amount_due = total + carried_in + credit_granted - credit_applied - prepaid_applied - carried_out);

ALTER TABLE invoice_line
    DROP CONSTRAINT invoice_line_kind_check,
    ADD CONSTRAINT invoice_line_kind_check CHECK (kind IN ('adjustment', 'commitment', 'one_off', 'overage', 'prepaid_credit',
        'proration_charge', 'proration_credit', 'recurring', 'spend_cap', 'true_up', 'usage')),
    DROP CONSTRAINT items_have_no_plan,
    ADD CONSTRAINT items_have_no_plan CHECK ((kind IN ('adjustment', 'one_off', 'prepaid_credit')) = (plan_id = ''));

CREATE OR REPLACE FUNCTION refuse_invoice_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR
       ROW(OLD.id, OLD.business_key, OLD.entity_id, OLD.customer_id, OLD.subscription_id, OLD.reason, OLD.cycle, OLD.number, OLD.currency,
           OLD.subtotal, OLD.tax, OLD.total, OLD.carried_in, OLD.carried_out, OLD.credit_granted, OLD.credit_applied, OLD.prepaid_applied,
           OLD.amount_due, OLD.period_start, OLD.period_end, OLD.zone, OLD.tz_version, OLD.issued_at)
       IS DISTINCT FROM
       ROW(NEW.id, NEW.business_key, NEW.entity_id, NEW.customer_id, NEW.subscription_id, NEW.reason, NEW.cycle, NEW.number, NEW.currency,
           NEW.subtotal, NEW.tax, NEW.total, NEW.carried_in, NEW.carried_out, NEW.credit_granted, NEW.credit_applied, NEW.prepaid_applied,
           NEW.amount_due, NEW.period_start, NEW.period_end, NEW.zone, NEW.tz_version, NEW.issued_at) THEN
        RAISE EXCEPTION 'invoice % is final: correct it with a credit note or another invoice', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_is_final';
    END IF;
    RETURN NEW;
END $$;

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
      FROM fraud_review r JOIN customer c ON c.id = r.customer_id WHERE r.status = 'open'
    UNION ALL
    SELECT 'wallet/' || w.customer_id || '/' || w.currency, w.customer_id, c.test_clock_id, w.next_action_at
      FROM prepaid_wallet w JOIN customer c ON c.id = w.customer_id WHERE w.next_action_at IS NOT NULL;
