-- An audit that can be edited proves nothing: the database itself refuses, whoever asks. It does not stop an administrator of the database,
-- who can drop the trigger; that takes a chain of hashes.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION audit_entries_stay() RETURNS TRIGGER AS $$ BEGIN RAISE EXCEPTION 'audit entries are never changed'; END $$ LANGUAGE plpgsql;
-- +goose StatementEnd
CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION audit_entries_stay();

-- +goose Down
DROP TRIGGER audit_entries_stay ON audit_entries;
DROP FUNCTION audit_entries_stay();
