-- An audit that can be edited proves nothing: the database itself refuses, whoever asks. It does not stop an administrator of the database,
-- who can drop the triggers; that takes a chain of hashes.

-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER audit_entries_not_changed BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_entries_not_deleted BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER audit_entries_not_deleted;
DROP TRIGGER audit_entries_not_changed;
