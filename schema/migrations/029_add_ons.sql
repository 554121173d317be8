-- What was bought with the plan, as billing/subscription writes it: [{"id": "storage", "quantity": 3}], by id.
ALTER TABLE subscription
    ADD COLUMN add_ons JSONB NOT NULL DEFAULT '[]' CONSTRAINT subscription_add_ons_are_a_list CHECK (jsonb_typeof(add_ons) = 'array');

ALTER TABLE subscription_segment
    ADD COLUMN add_ons JSONB NOT NULL DEFAULT '[]' CONSTRAINT segment_add_ons_are_a_list CHECK (jsonb_typeof(add_ons) = 'array');
