-- Prices that were agreed with a customer for one subscription and one version of a plan, in place of the catalogue's. The
-- newest row of a version counts; none is added once the version has been in force.
CREATE TABLE agreed_price (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id TEXT NOT NULL REFERENCES subscription,
    plan_id         TEXT NOT NULL,
    plan_version    INT NOT NULL,
    -- As billing/catalog writes it: by charge id and currency.
    prices          JSONB NOT NULL CONSTRAINT agreed_prices_are_by_charge CHECK (jsonb_typeof(prices) = 'object' AND prices <> '{}'),
    -- The command that they came with; NULL for the agreement with which the subscription began.
    command_id      TEXT,
    agreed_at       TIMESTAMPTZ NOT NULL,
    FOREIGN KEY (plan_id, plan_version) REFERENCES plan_version,
    CONSTRAINT agreed_once_with_a_command UNIQUE NULLS NOT DISTINCT (subscription_id, command_id)
);

CREATE TRIGGER agreed_price_is_immutable BEFORE UPDATE OR DELETE ON agreed_price
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
