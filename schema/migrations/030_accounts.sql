-- Customers can be children of others: in whose name their invoices are and who pays them, themselves or the one above, each
-- followed upwards step by step. That nobody is above themselves is checked by whoever changes it, one at a time per seller.
ALTER TABLE customer
    ADD COLUMN parent_id TEXT REFERENCES customer CONSTRAINT nobody_is_their_own_parent CHECK (parent_id <> id),
    ADD COLUMN invoiced_to TEXT NOT NULL DEFAULT 'self' CONSTRAINT invoiced_to_self_or_parent CHECK (invoiced_to IN ('self', 'parent')),
    ADD COLUMN paid_by TEXT NOT NULL DEFAULT 'self' CONSTRAINT paid_by_self_or_parent CHECK (paid_by IN ('self', 'parent')),
    ADD CONSTRAINT who_looks_up_has_a_parent CHECK (parent_id IS NOT NULL OR (invoiced_to = 'self' AND paid_by = 'self'));

CREATE INDEX customer_parent ON customer (parent_id) WHERE parent_id IS NOT NULL;

-- An invoice is in the name of `customer_id`, and its payer's methods pay it: whoever that was when it was issued.
ALTER TABLE invoice ADD COLUMN payer_id TEXT REFERENCES customer;
UPDATE invoice SET payer_id = customer_id;
ALTER TABLE invoice ALTER COLUMN payer_id SET NOT NULL;

CREATE INDEX invoice_payer ON invoice (payer_id, issued_at);

-- The subscriptions that an invoice is for, with whose they were when it was issued.
CREATE TABLE invoice_part (
    invoice_id      TEXT NOT NULL REFERENCES invoice,
    subscription_id TEXT NOT NULL REFERENCES subscription,
    owner_id        TEXT NOT NULL REFERENCES customer,
    PRIMARY KEY (invoice_id, subscription_id)
);

CREATE INDEX invoice_part_subscription ON invoice_part (subscription_id, invoice_id);
CREATE INDEX invoice_part_owner ON invoice_part (owner_id);

INSERT INTO invoice_part (invoice_id, subscription_id, owner_id) SELECT id, subscription_id, customer_id FROM invoice;

CREATE TRIGGER invoice_part_is_immutable BEFORE UPDATE OR DELETE ON invoice_part FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_another_payer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'invoice % is paid by %, who was the payer when it was issued', OLD.id, OLD.payer_id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_payer_is_final';
END $$;

CREATE TRIGGER invoice_payer_is_final BEFORE UPDATE OF payer_id ON invoice
    FOR EACH ROW WHEN (OLD.payer_id <> NEW.payer_id) EXECUTE FUNCTION refuse_another_payer();
