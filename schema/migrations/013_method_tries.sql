-- The card networks limit how often one card is tried, whatever for.
CREATE INDEX payment_method_tries ON payment (method_id, asked_at);
