-- Who bills whom. Personal data lives here and nowhere else: workflows carry ids.

CREATE TABLE legal_entity (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    country        TEXT NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    zone           TEXT NOT NULL,
    book_currency  TEXT NOT NULL CHECK (book_currency ~ '^[A-Z]{3}$'),
    invoice_prefix TEXT NOT NULL UNIQUE CHECK (invoice_prefix ~ '^[A-Z0-9]{2,8}$'),
    address        TEXT NOT NULL DEFAULT '',
    dunning_policy JSONB NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL
);

CREATE TABLE tax_registration (
    entity_id  TEXT NOT NULL REFERENCES legal_entity,
    scheme     TEXT NOT NULL CHECK (scheme IN ('uk_vat', 'eu_oss', 'eu_vat')),
    country    TEXT NOT NULL,
    number     TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to   DATE,
    PRIMARY KEY (entity_id, scheme, valid_from),
    CONSTRAINT registration_ends_after_it_starts CHECK (valid_to IS NULL OR valid_to > valid_from)
);

-- A test clock gives its customers a time of their own, always ahead of the wall clock.
CREATE TABLE test_clock (
    id         TEXT PRIMARY KEY,
    now_at     TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE customer (
    id                   TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    entity_id            TEXT NOT NULL REFERENCES legal_entity,
    name                 TEXT NOT NULL,
    email                TEXT NOT NULL,
    country              TEXT NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    postal_code          TEXT NOT NULL DEFAULT '',
    zone                 TEXT NOT NULL,
    currency             TEXT NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    locale               TEXT NOT NULL,
    business             BOOLEAN NOT NULL DEFAULT FALSE,
    tax_id               TEXT NOT NULL DEFAULT '',
    tax_id_valid         BOOLEAN NOT NULL DEFAULT FALSE,
    test_clock_id        TEXT REFERENCES test_clock,
    provider_customer_id TEXT UNIQUE,
    created_at           TIMESTAMPTZ NOT NULL,
    CONSTRAINT valid_tax_id_is_present CHECK (NOT tax_id_valid OR tax_id <> '')
);

CREATE INDEX customer_test_clock ON customer (test_clock_id) WHERE test_clock_id IS NOT NULL;

-- What the customer pays with, as the provider names it. No card data.
-- `position` orders the methods: the lowest active one is charged first.
CREATE TABLE payment_method (
    id             TEXT PRIMARY KEY,
    customer_id    TEXT NOT NULL REFERENCES customer,
    provider_token TEXT NOT NULL,
    provider_id    TEXT UNIQUE,
    network        TEXT NOT NULL DEFAULT '',
    position       INT NOT NULL DEFAULT 1,
    active         BOOLEAN NOT NULL DEFAULT TRUE,
    created_at     TIMESTAMPTZ NOT NULL,
    changed_at     TIMESTAMPTZ NOT NULL
);

CREATE UNIQUE INDEX payment_method_one_per_position ON payment_method (customer_id, position) WHERE active;
