-- One-off charges and adjustments of a subscription. One waits until an invoice bills it, once, or it is canceled.
CREATE TABLE item (
    subscription_id TEXT NOT NULL REFERENCES subscription,
    id              TEXT NOT NULL CONSTRAINT item_id_is_short CHECK (length(id) BETWEEN 1 AND 100),
    kind            TEXT NOT NULL CONSTRAINT item_kind_is_known CHECK (kind IN ('one_off', 'adjustment')),
    description     TEXT NOT NULL,
    quantity        NUMERIC NOT NULL CONSTRAINT item_quantity_is_positive CHECK (quantity > 0),
    unit_amount     NUMERIC NOT NULL,
    tax_category    TEXT NOT NULL,
    added_at        TIMESTAMPTZ NOT NULL,
    invoice_id      TEXT CONSTRAINT item_is_on_an_invoice REFERENCES invoice,
    canceled_at     TIMESTAMPTZ,
    PRIMARY KEY (subscription_id, id),
    CONSTRAINT one_off_never_gives_back CHECK (kind <> 'one_off' OR unit_amount >= 0),
    CONSTRAINT adjustment_changes_something CHECK (kind <> 'adjustment' OR unit_amount <> 0),
    CONSTRAINT item_is_billed_or_canceled CHECK (invoice_id IS NULL OR canceled_at IS NULL)
);

CREATE INDEX item_waiting ON item (subscription_id) WHERE invoice_id IS NULL AND canceled_at IS NULL;
CREATE INDEX item_invoice ON item (invoice_id) WHERE invoice_id IS NOT NULL;

-- What is charged never changes, and what was billed or canceled stays so.
CREATE FUNCTION refuse_item_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.invoice_id IS NOT NULL OR OLD.canceled_at IS NOT NULL OR
       ROW(OLD.subscription_id, OLD.id, OLD.kind, OLD.description, OLD.quantity, OLD.unit_amount, OLD.tax_category, OLD.added_at)
       IS DISTINCT FROM
       ROW(NEW.subscription_id, NEW.id, NEW.kind, NEW.description, NEW.quantity, NEW.unit_amount, NEW.tax_category, NEW.added_at) THEN
        RAISE EXCEPTION 'item % of subscription % is final: charge an adjustment', OLD.id, OLD.subscription_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'item_is_final';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER item_is_final BEFORE UPDATE OR DELETE ON item FOR EACH ROW EXECUTE FUNCTION refuse_item_edit();

ALTER TABLE invoice
    DROP CONSTRAINT invoice_reason_check,
    ADD CONSTRAINT invoice_reason_check CHECK (reason IN ('cycle', 'change', 'pause', 'final', 'items'));

ALTER TABLE invoice_line
    DROP CONSTRAINT invoice_line_kind_check,
    ADD CONSTRAINT invoice_line_kind_check CHECK (kind IN ('adjustment', 'commitment', 'one_off', 'overage', 'proration_charge',
        'proration_credit', 'recurring', 'spend_cap', 'true_up', 'usage')),
    ADD CONSTRAINT items_have_no_plan CHECK ((kind IN ('adjustment', 'one_off')) = (plan_id = ''));
