-- What a subscription comes to at the end of its period, for reads: {"cancel": …} or {"terms": …}; NULL when nothing waits.
ALTER TABLE subscription
    ADD COLUMN at_period_end JSONB,
    ADD CONSTRAINT ends_at_period_end CHECK (cancel_at_period_end = COALESCE((at_period_end->>'cancel')::boolean, FALSE)) NOT VALID;
