-- The page behind the link in a customer's mail is found by a key that nobody can guess, not by the invoice's id, which
-- follows from the subscription's. It needs no login: who has the link has the invoice.
ALTER TABLE invoice ADD COLUMN page_key TEXT NOT NULL UNIQUE DEFAULT replace(gen_random_uuid()::text, '-', '');
