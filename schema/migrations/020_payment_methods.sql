-- What a payment method is and whether it may be charged, as the provider said when it was asked last. Still no card data:
-- `last4` is of bank accounts, for the notices that debits need, and `details_hash` tells that a card's details changed
-- without saying what they are. An empty kind: the provider has not been asked yet.
ALTER TABLE payment_method
    ADD COLUMN kind               TEXT NOT NULL DEFAULT '',
    ADD COLUMN status             TEXT NOT NULL DEFAULT 'usable'
        CHECK (status IN ('pending', 'verifying', 'usable', 'blocked', 'detached', 'dropped')),
    ADD COLUMN status_reason      TEXT NOT NULL DEFAULT '',
    ADD COLUMN funding            TEXT NOT NULL DEFAULT '',
    ADD COLUMN last4              TEXT NOT NULL DEFAULT '' CHECK (last4 ~ '^([0-9A-Za-z]{4})?$'),
    ADD COLUMN details_hash       TEXT NOT NULL DEFAULT '',
    ADD COLUMN details_changed_at TIMESTAMPTZ,
    ADD COLUMN setup_intent       TEXT UNIQUE,
    ADD COLUMN mandate            TEXT,
    ADD COLUMN mandate_reference  TEXT NOT NULL DEFAULT '',
    ADD CONSTRAINT no_digits_of_cards CHECK (last4 = '' OR kind <> 'card'),
    ADD CONSTRAINT unfinished_is_not_charged CHECK (NOT active OR status NOT IN ('pending', 'dropped'));

-- Only cards could be attached until now.
UPDATE payment_method SET kind = 'card' WHERE provider_id IS NOT NULL;

CREATE INDEX payment_method_mandate ON payment_method (mandate) WHERE mandate IS NOT NULL;
CREATE INDEX payment_method_unfinished ON payment_method (customer_id, position) WHERE status IN ('pending', 'verifying');

-- That a customer was told of a debit, before it: `debit_on` is when it may be made at the earliest. The mail is in the
-- outbox under `message_key`.
CREATE TABLE debit_notice (
    invoice_id  TEXT NOT NULL REFERENCES invoice,
    method_id   TEXT NOT NULL REFERENCES payment_method,
    message_key TEXT NOT NULL UNIQUE REFERENCES outbox (message_key),
    amount      BIGINT NOT NULL CHECK (amount > 0),
    currency    TEXT NOT NULL,
    told_at     TIMESTAMPTZ NOT NULL,
    debit_on    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (invoice_id, method_id),
    CONSTRAINT notice_comes_before_debit CHECK (debit_on > told_at)
);

CREATE TRIGGER debit_notice_is_immutable BEFORE UPDATE OR DELETE ON debit_notice
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
