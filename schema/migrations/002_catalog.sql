-- What is sold. A version, once written, is never changed: invoices point at it for ever.

CREATE TABLE plan_version (
    entity_id  TEXT NOT NULL REFERENCES legal_entity,
    plan_id    TEXT NOT NULL,
    version    INT NOT NULL CHECK (version > 0),
    definition JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (plan_id, version)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are facts: they are added, never changed or removed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_is_immutable';
END $$;

CREATE TRIGGER plan_version_is_immutable BEFORE UPDATE OR DELETE ON plan_version
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE meter (
    entity_id  TEXT NOT NULL REFERENCES legal_entity,
    id         TEXT NOT NULL,
    name       TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (entity_id, id)
);
