-- That a customer was told of a price that changes because their subscription goes over to another version of its plan:
-- once per subscription and migration. Amounts are what recurs in a billing period, before tax. The mail is in the outbox
-- under `message_key`.
CREATE TABLE price_notice (
    migration_id    TEXT NOT NULL,
    subscription_id TEXT NOT NULL REFERENCES subscription,
    message_key     TEXT NOT NULL UNIQUE REFERENCES outbox (message_key),
    plan_id         TEXT NOT NULL,
    plan_version    INT NOT NULL,
    currency        TEXT NOT NULL,
    old_amount      BIGINT NOT NULL,
    new_amount      BIGINT NOT NULL,
    changes_at      TIMESTAMPTZ NOT NULL,
    told_at         TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (migration_id, subscription_id),
    FOREIGN KEY (plan_id, plan_version) REFERENCES plan_version (plan_id, version)
);

CREATE TRIGGER price_notice_is_immutable BEFORE UPDATE OR DELETE ON price_notice
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
