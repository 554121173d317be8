-- What was asked for when a subscription was agreed, as the workflow was asked: a repeated request is compared with it,
-- whatever became of the subscription since. Subscriptions that are older than this table have none.
CREATE TABLE agreement (
    subscription_id TEXT PRIMARY KEY REFERENCES subscription,
    request         JSONB NOT NULL CONSTRAINT agreement_is_a_request CHECK (jsonb_typeof(request) = 'object')
);

CREATE TRIGGER agreement_is_immutable BEFORE UPDATE OR DELETE ON agreement
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
