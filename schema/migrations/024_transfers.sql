-- A bank transfer is an attempt that waits for the customer's money: without one of their methods, or with the one that says
-- that they pay so. It is also set when a payment turns out to have been made by one.
ALTER TABLE payment ADD COLUMN transfer BOOLEAN NOT NULL DEFAULT FALSE;

-- What moved on the cash that customers have sent the provider by bank transfer, by the provider's ids. It is theirs until a
-- payment has used it, and no part of the provider's balance for us. Who sent it, and from which account, is not kept.
CREATE TABLE cash_movement (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer,
    -- The provider's type, such as funded.
    kind        TEXT NOT NULL,
    -- The payment intent that it was applied to, or came back from.
    intent      TEXT NOT NULL DEFAULT '',
    net         BIGINT NOT NULL CHECK (net <> 0),
    currency    TEXT NOT NULL,
    at          TIMESTAMPTZ NOT NULL
);

CREATE INDEX cash_movement_customer ON cash_movement (customer_id, currency);

CREATE TRIGGER cash_movement_is_immutable BEFORE UPDATE OR DELETE ON cash_movement
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Who was told where to send money, and so may have sent some. The account itself stays with the provider.
CREATE TABLE transfer_payer (
    customer_id TEXT PRIMARY KEY REFERENCES customer,
    told_at     TIMESTAMPTZ NOT NULL
);

-- Which payment methods the provider's pages offer; null: what the provider chooses.
ALTER TABLE legal_entity ADD COLUMN method_choice JSONB;
