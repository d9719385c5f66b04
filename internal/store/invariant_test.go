package store_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// Every rule is broken once on purpose: a check that cannot fail proves nothing. The statements first take away what would refuse the damage.
func TestInvariants(t *testing.T) {
	t.Parallel()
	noIndex := func(name string) string { return "DROP INDEX " + name }
	mutants := []struct {
		name, check string
		damage      []string
	}{
		{"none", "", nil},
		{"gap_in_numbers", "numbers_contiguous", []string{"DELETE FROM messages WHERE number = 2"}},
		{"repeated_number", "numbers_contiguous", []string{noIndex("messages_room_number"), "UPDATE messages SET number = 2 WHERE number = 3"}},
		{"numbers_from_two", "numbers_contiguous", []string{"DELETE FROM messages WHERE number = 1"}},
		{"last_number_behind", "last_number", []string{"UPDATE rooms SET last_number = 2"}},
		{"last_number_ahead", "last_number", []string{"UPDATE rooms SET last_number = 4"}},
		{"room_revision_behind", "room_revision", []string{"UPDATE rooms SET revision = 2"}},
		{"revision_twice", "revisions_unique", []string{noIndex("messages_room_revision"), "UPDATE messages SET revision = 5 WHERE number IN (1, 2)"}},
		{"revision_ahead_of_room", "revisions_bounded", []string{"UPDATE messages SET revision = 99 WHERE number = 1"}},
		{"revision_below_number", "revisions_bounded", []string{noIndex("messages_room_revision"), "UPDATE messages SET revision = 1 WHERE number = 3"}},
		{"read_past_the_end", "read_marks", []string{"UPDATE members SET last_read_number = 4"}},
		{"member_not_counted", "member_count", []string{"UPDATE rooms SET member_count = 1"}},
		{"no_owner", "owners", []string{"UPDATE members SET role = 'member'"}},
		{"client_key_twice", "client_keys_unique", []string{noIndex("messages_author_client_key"), "UPDATE messages SET client_key = 'x'"}},
		{"creation_key_twice", "creation_keys_unique", []string{noIndex("rooms_creation_key"), noIndex("rooms_public_name"), addRoom}},
		{"username_twice", "usernames_unique", []string{noIndex("users_username_key"), "UPDATE users SET username = 'maya', username_key = 'maya'"}},
		{"email_without_a_key", "emails_keyed", []string{"UPDATE users SET pending_email = 'm@x.org'"}},
		{"email_twice", "emails_unique", []string{noIndex("users_email_key"), "UPDATE users SET email = 'm@x.org', email_key = 'm@x.org'"}},
		{"identity_twice", "identities_unique", []string{noIndex("identities_subject"), identity("1", "maya"), identity("2", "theo")}},
		{"no_way_in", "ways_in", []string{"DELETE FROM passkeys", "UPDATE users SET password_hash = '' WHERE username = 'maya'"}},
		{"room_name_twice", "room_names_unique", []string{noIndex("rooms_creation_key"), noIndex("rooms_public_name"), addRoom}},
		{"tombstone_with_text", "tombstones", []string{"UPDATE messages SET deleted_at = 1 WHERE number = 1"}},
		{"passkey_twice", "passkeys_unique", []string{noIndex("passkeys_credential"), addPasskey}},
		{"eleven_recovery_codes", "recovery_codes", []string{addCodes}},
		{"recovery_code_without_a_key", "references", []string{"DELETE FROM totp_keys"}},
		{"step_went_back", "totp_steps", []string{"UPDATE totp_keys SET last_step = 0"}},
		{"counter_behind", "counters", []string{"UPDATE counters SET next = 1 WHERE name = 'messages'"}},
		{"counter_missing", "counters", []string{"DELETE FROM counters WHERE name = 'users'"}},
		{"author_gone", "references", []string{"DELETE FROM users WHERE username = 'maya'"}},
		{"nobody_owns_the_server", "server_owner", []string{"UPDATE users SET role = 'member'"}},
		{"the_owner_is_deactivated", "server_owner", []string{"UPDATE users SET deactivated_at = 1 WHERE role = 'owner'"}},
		{"invite_miscounts", "invite_uses", []string{"UPDATE invites SET uses = 2"}},
		{"invite_used_too_often", "invite_uses", []string{"UPDATE invites SET max_uses = 0"}},
		{"folded_otherwise", "folded_keys", []string{"UPDATE users SET username_key = 'MAYA' WHERE username = 'maya'"}},
	}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
				t.Run(string(engine), func(t *testing.T) {
					t.Parallel()
					place := storetest.URL(t, engine)
					s := storetest.Open(t, place)
					people(t, s)
					damage(t, engine, place, m.damage...)
					faults, err := s.Invariants(context.Background())
					if err != nil {
						t.Fatal(err)
					}
					found := slices.ContainsFunc(faults, func(f store.Fault) bool { return f.Check == m.check })
					if m.check == "" && len(faults) > 0 || m.check != "" && !found {
						t.Errorf("want a fault of %q, got %+v", m.check, faults)
					}
				})
			}
		})
	}
}

// identity has the same person at a provider open an account.
func identity(id, username string) string {
	return `INSERT INTO identities (id, user_id, issuer, subject, label, linked_at, used_at)
SELECT ` + id + `, id, 'https://login.example.org', 'sub', '', 0, 0 FROM users WHERE username = '` + username + "'"
}

const addRoom = `INSERT INTO rooms (id, kind, name, name_key, topic, created_by, creation_key, created_at, active_at)
SELECT 2, kind, name, name_key, topic, created_by, creation_key, created_at, active_at FROM rooms`

const addPasskey = `INSERT INTO passkeys (id, user_id, credential, public_key, transports, backup_eligible, backed_up, sign_count, name, created_at)
SELECT 2, user_id, credential, public_key, transports, backup_eligible, backed_up, sign_count, name, created_at FROM passkeys`

const addCodes = `INSERT INTO recovery_codes (user_id, hash)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT user_id, 'h' || i FROM n CROSS JOIN totp_keys`

// people makes two people in one room with three messages, one of them edited. One of them has two-step sign-in and a passkey.
func people(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := context.Background()
	maya := newUser(t, s, "maya")
	newInvite(t, s, chat.Invite{CreatedBy: maya, MaxUses: 2}, "hash")
	came, err := s.AdmitUser(ctx, chat.User{Username: "theo", DisplayName: "theo", CreatedAt: at}, "hash", chat.Admission{Invite: "hash", Policy: chat.SignUpInvite, At: at})
	if err != nil {
		t.Fatal(err)
	}
	theo := came.User.ID
	room, _, err := s.InsertRoom(ctx, chat.Room{Name: "Größe", Kind: chat.RoomPublic, CreatedBy: maya, CreatedAt: at}, "made-once")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.InsertMember(ctx, room.ID, theo, chat.RoleMember, at); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		post(t, s, room.ID, maya, "hello 👋\u2028\"\\\x01", key("k", i))
	}
	if _, err := s.EditMessage(ctx, room.ID, 1, "edited", at); err != nil {
		t.Fatal(err)
	}
	if err := s.InsertTOTPKey(ctx, chat.TOTPKey{User: maya, Sealed: "k:sealed", LastStep: at.Unix() / 30, CreatedAt: at}, []string{"h0"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.InsertPasskey(ctx, chat.Passkey{User: maya, Credential: []byte("a"), PublicKey: []byte("b"), Name: "Phone", CreatedAt: at}); err != nil {
		t.Fatal(err)
	}
}

// damage changes a database behind the store's back, with everything that would refuse it switched off.
func damage(t *testing.T, engine store.Dialect, place string, statements ...string) {
	t.Helper()
	ctx := context.Background()
	driver, prelude := "sqlite", []string{"PRAGMA foreign_keys = 0", "PRAGMA ignore_check_constraints = 1"}
	if engine == store.Postgres {
		driver, prelude = "pgx", []string{"SET session_replication_role = replica", `DO $$ DECLARE c record; BEGIN
FOR c IN SELECT conrelid::regclass AS tab, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0 AND connamespace = 'public'::regnamespace
LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.tab, c.conname); END LOOP; END $$`}
	}
	db, err := sql.Open(driver, place)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1) // the switches belong to a connection
	for _, statement := range append(prelude, statements...) {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%s: %v", strings.Fields(statement)[0], err)
		}
	}
}

// A database as the engine made it is whole, and its clock is ours.
func TestIntegrity(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		people(t, s)
		if faults, err := s.Integrity(ctx); err != nil || len(faults) > 0 {
			t.Errorf("integrity: %+v, %v", faults, err)
		}
		if now, err := s.Now(ctx); err != nil || now.Year() < 2025 {
			t.Errorf("now: %v, %v", now, err)
		}
		if size, err := s.Size(ctx); err != nil || size < 1000 {
			t.Errorf("size: %d, %v", size, err)
		}
		if newest, err := s.NewestMessage(ctx); err != nil || !newest.Equal(at) {
			t.Errorf("newest: %v, %v", newest, err)
		}
	})
}
