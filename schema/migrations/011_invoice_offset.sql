-- A credit pays, before it becomes the customer's to spend, what is still owed for the same subscription: who never paid
-- for a year must not leave with credit for it. `amount_credited` is the part of an invoice that was paid so.
ALTER TABLE invoice
    ADD COLUMN amount_credited BIGINT NOT NULL DEFAULT 0 CHECK (amount_credited >= 0),
    DROP CONSTRAINT never_overpaid,
    ADD CONSTRAINT never_overpaid CHECK (amount_paid + amount_credited <= amount_due),
    DROP CONSTRAINT paid_in_full,
    ADD CONSTRAINT paid_in_full CHECK ((status = 'paid') = (paid_at IS NOT NULL)
        AND (status <> 'paid' OR amount_paid + amount_credited = amount_due));

CREATE INDEX invoice_unpaid ON invoice (subscription_id, issued_at) WHERE status IN ('open', 'uncollectible');

-- Which credit (an invoice with a negative total) paid how much of which invoice.
CREATE TABLE invoice_offset (
    credit_id  TEXT NOT NULL REFERENCES invoice,
    invoice_id TEXT NOT NULL REFERENCES invoice,
    amount     BIGINT NOT NULL CHECK (amount > 0),
    at         TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (credit_id, invoice_id)
);

CREATE INDEX invoice_offset_invoice ON invoice_offset (invoice_id);

CREATE TRIGGER invoice_offset_is_immutable BEFORE UPDATE OR DELETE ON invoice_offset
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
