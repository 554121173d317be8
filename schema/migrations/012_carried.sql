-- What is too little to be collected by itself is carried from one invoice of a customer to the next one in the currency,
-- `carried_out` of the one, `carried_in` of the other: the provider refuses small amounts and, in some currencies, the
-- last digit of an amount.
ALTER TABLE invoice
    ADD COLUMN carried_in BIGINT NOT NULL DEFAULT 0 CHECK (carried_in >= 0),
    ADD COLUMN carried_out BIGINT NOT NULL DEFAULT 0 CHECK (carried_out >= 0),
    DROP CONSTRAINT due_is_total_less_credit,
    ADD CONSTRAINT due_is_total_less_credit CHECK (amount_due = total + carried_in + credit_granted - credit_applied - carried_out),
    DROP CONSTRAINT credit_only_from_negative_total,
    ADD CONSTRAINT credit_only_from_negative_total CHECK (credit_granted = GREATEST(-total - carried_in, 0));

CREATE INDEX invoice_carried ON invoice (customer_id, currency) WHERE carried_in + carried_out > 0;

CREATE OR REPLACE FUNCTION refuse_invoice_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR
       ROW(OLD.id, OLD.business_key, OLD.entity_id, OLD.customer_id, OLD.subscription_id, OLD.reason, OLD.cycle, OLD.number, OLD.currency,
           OLD.subtotal, OLD.tax, OLD.total, OLD.carried_in, OLD.carried_out, OLD.credit_granted, OLD.credit_applied, OLD.amount_due,
           OLD.period_start, OLD.period_end, OLD.zone, OLD.tz_version, OLD.issued_at)
       IS DISTINCT FROM
       ROW(NEW.id, NEW.business_key, NEW.entity_id, NEW.customer_id, NEW.subscription_id, NEW.reason, NEW.cycle, NEW.number, NEW.currency,
           NEW.subtotal, NEW.tax, NEW.total, NEW.carried_in, NEW.carried_out, NEW.credit_granted, NEW.credit_applied, NEW.amount_due,
           NEW.period_start, NEW.period_end, NEW.zone, NEW.tz_version, NEW.issued_at) THEN
        RAISE EXCEPTION 'invoice % is final: correct it with a credit note or another invoice', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_is_final';
    END IF;
    RETURN NEW;
END $$;
