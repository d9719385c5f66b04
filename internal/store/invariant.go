package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parley/internal/chat"
)

// Fault is something that must not be in the data and is.
type Fault struct {
	Check  string `json:"check"`
	Detail string `json:"detail"`
}

// maxFaults bounds what one check reports: after this many the kind of damage is clear.
const maxFaults = 20

// invariant is a query for the rows that break a rule. All its columns are integers, and the detail puts them into words.
type invariant struct {
	check, sql, detail string
	// table is the one that it asks, where a schema of before may not have it.
	table string
}

// invariants are what the server relies on. Constraints and indexes enforce most of it; they are checked all the same, because an index can
// be dropped or damaged and data can come from elsewhere.
var invariants = []invariant{
	{
		"numbers_contiguous",
		`SELECT room_id, count(*), min(number), max(number) FROM messages GROUP BY room_id
HAVING min(number) <> 1 OR max(number) <> count(*) OR count(DISTINCT number) <> count(*) ORDER BY room_id`,
		"room %d has %d messages numbered %d to %d: they do not run 1, 2, 3 … without gap or repetition", "",
	},
	{
		"last_number",
		`SELECT r.id, r.last_number, coalesce(max(m.number), 0) FROM rooms r LEFT JOIN messages m ON m.room_id = r.id
GROUP BY r.id, r.last_number HAVING r.last_number <> coalesce(max(m.number), 0) ORDER BY r.id`,
		"room %d says its newest message is number %d, it is %d", "",
	},
	{
		"room_revision",
		`SELECT id, revision, last_number FROM rooms WHERE revision < last_number ORDER BY id`,
		"room %d is at revision %d, below its newest number %d", "",
	},
	{
		"revisions_unique",
		`SELECT room_id, revision, count(*) FROM messages GROUP BY room_id, revision HAVING count(*) > 1 ORDER BY room_id, revision`,
		"room %d, revision %d: %d messages carry it", "",
	},
	{
		"revisions_bounded",
		`SELECT m.id, m.revision, m.number, r.id, r.revision FROM messages m JOIN rooms r ON r.id = m.room_id
WHERE m.revision > r.revision OR m.revision < m.number ORDER BY m.id`,
		"message %d has revision %d: it must be from its number %d to the revision of its room %d, which is %d", "",
	},
	{
		"read_marks",
		`SELECT k.room_id, k.user_id, k.last_read_number, r.last_number FROM members k JOIN rooms r ON r.id = k.room_id
WHERE k.last_read_number > r.last_number OR k.last_read_number < 0 ORDER BY k.room_id, k.user_id`,
		"room %d: member %d has read up to %d, the newest message is %d", "",
	},
	{
		"member_count",
		`SELECT r.id, r.member_count, count(k.user_id) FROM rooms r LEFT JOIN members k ON k.room_id = r.id
GROUP BY r.id, r.member_count HAVING r.member_count <> count(k.user_id) ORDER BY r.id`,
		"room %d says it has %d members, it has %d", "",
	},
	{
		"owners",
		`SELECT room_id, count(*) FROM members GROUP BY room_id HAVING count(CASE WHEN role = 'owner' THEN 1 END) = 0 ORDER BY room_id`,
		"room %d has %d members and no owner among them", "",
	},
	{
		"client_keys_unique",
		`SELECT author_id, count(*), min(id), max(id) FROM messages GROUP BY author_id, client_key HAVING count(*) > 1 ORDER BY author_id`,
		"user %d used one client key for %d messages, %d to %d", "",
	},
	{
		"creation_keys_unique",
		`SELECT created_by, count(*), min(id), max(id) FROM rooms WHERE creation_key IS NOT NULL
GROUP BY created_by, creation_key HAVING count(*) > 1 ORDER BY created_by`,
		"user %d used one creation key for %d rooms, %d to %d", "",
	},
	{
		"usernames_unique",
		`SELECT count(*), min(id), max(id) FROM users GROUP BY username_key HAVING count(*) > 1 ORDER BY min(id)`,
		"%d users share one name, ids %d to %d", "",
	},
	{
		"emails_unique",
		`SELECT count(*), min(id), max(id) FROM users WHERE email_key IS NOT NULL GROUP BY email_key HAVING count(*) > 1 ORDER BY min(id)`,
		"%d users share one e-mail address, ids %d to %d", "",
	},
	{
		"identities_unique",
		`SELECT count(*), min(id), max(id), min(user_id) FROM identities GROUP BY issuer, subject HAVING count(*) > 1 ORDER BY min(id)`,
		"%d identities are the same person at one provider, ids %d to %d, one of user %d", "identities",
	},
	{
		"ways_in",
		`SELECT u.id FROM users u WHERE u.password_hash = '' AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.user_id = u.id)
AND NOT EXISTS (SELECT 1 FROM passkeys p WHERE p.user_id = u.id) ORDER BY u.id`,
		"user %d has no way into the account", "identities",
	},
	{
		"emails_keyed",
		`SELECT id FROM users WHERE (email IS NULL) <> (email_key IS NULL) OR (pending_email IS NULL) <> (pending_email_key IS NULL) ORDER BY id`,
		"user %d has an e-mail address without the form in which it is compared, or the other way round", "mails",
	},
	{
		"room_names_unique",
		`SELECT count(*), min(id), max(id) FROM rooms WHERE kind = 'public' GROUP BY name_key HAVING count(*) > 1 ORDER BY min(id)`,
		"%d public rooms share one name, ids %d to %d", "",
	},
	{
		"server_owner",
		`SELECT count(*), count(CASE WHEN role = 'owner' THEN 1 END) FROM users
HAVING count(*) > 0 AND count(CASE WHEN role = 'owner' AND deactivated_at IS NULL THEN 1 END) = 0`,
		"there are %d accounts, %d of them own the server, and nobody can sign in to one of those", "invites",
	},
	{
		"invite_uses",
		`SELECT i.id, i.uses, count(u.user_id), i.max_uses FROM invites i LEFT JOIN invite_uses u ON u.invite_id = i.id
GROUP BY i.id, i.uses, i.max_uses HAVING i.uses <> count(u.user_id) OR i.uses > i.max_uses ORDER BY i.id`,
		"invite %d says it made %d accounts, it made %d; it is good for %d", "invites",
	},
	{
		"tombstones",
		`SELECT id, room_id FROM messages WHERE deleted_at IS NOT NULL AND body <> '' ORDER BY id`,
		"message %d in room %d is deleted and still has its text", "",
	},
	{
		"passkeys_unique",
		`SELECT count(*), min(id), max(id) FROM passkeys GROUP BY credential HAVING count(*) > 1 ORDER BY min(id)`,
		"%d passkeys share one credential, ids %d to %d", "passkeys",
	},
	{
		"recovery_codes",
		`SELECT user_id, count(*) FROM recovery_codes GROUP BY user_id HAVING count(*) > 10 ORDER BY user_id`,
		"user %d has %d recovery codes, more than were handed out", "recovery_codes",
	},
	{
		"totp_steps",
		`SELECT user_id, last_step FROM totp_keys WHERE last_step < created_at / 30000 - 2 ORDER BY user_id`,
		"user %d: step %d of their authenticator app is older than the app: codes that were used are good again", "totp_keys",
	},
}

// counterInvariants asks, for every noun whose identifiers are counted, for one that would be handed out twice.
func counterInvariants(tables []Table) (list []invariant) {
	const next = "coalesce((SELECT c.next FROM counters c WHERE c.name = '%[1]s'), 0)"
	for _, noun := range counted {
		if slices.ContainsFunc(tables, func(t Table) bool { return t.Name == noun }) {
			list = append(list, invariant{
				"counters",
				fmt.Sprintf("SELECT "+next+", max(id) FROM %[1]s HAVING max(id) >= "+next, noun),
				"the next identifier of " + noun + " would be %d, and %d is in use", noun,
			})
		}
	}
	return list
}

// Invariants returns what is wrong in the data, checked on the database as it is now; nothing for one without a schema.
func (s *Store) Invariants(ctx context.Context) (faults []Fault, err error) {
	err = s.Snapshot(ctx, func(n *Snapshot) error {
		if len(n.tables) == 0 {
			return nil
		}
		for _, i := range slices.Concat(invariants, counterInvariants(n.tables), referenceInvariants(n.tables)) {
			if i.table != "" && !slices.ContainsFunc(n.tables, func(t Table) bool { return t.Name == i.table }) {
				continue
			}
			found, err := n.broken(ctx, i)
			if err != nil {
				return fmt.Errorf("check %s: %w", i.check, classify(err))
			}
			faults = append(faults, found...)
		}
		folded, err := n.foldedKeys(ctx)
		faults = append(faults, folded...)
		return err
	})
	return faults, err
}

func (n *Snapshot) broken(ctx context.Context, i invariant) (faults []Fault, err error) {
	rows, err := n.tx.QueryContext(ctx, i.sql+fmt.Sprintf(" LIMIT %d", maxFaults+1))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, pointers := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		pointers[i] = &values[i]
	}
	for rows.Next() {
		if len(faults) == maxFaults {
			return append(faults, Fault{i.check, "and more"}), rows.Err()
		}
		if err := rows.Scan(pointers...); err != nil {
			return nil, err
		}
		faults = append(faults, Fault{i.check, fmt.Sprintf(i.detail, values...)})
	}
	return faults, rows.Err()
}

// referenceInvariants asks, for every foreign key of the schema, for rows that refer to nothing.
func referenceInvariants(tables []Table) (list []invariant) {
	for _, t := range tables {
		for _, r := range t.References {
			var on, given []string
			for i := range r.Columns {
				on = append(on, "p."+quoted(r.Targets[i])+" = c."+quoted(r.Columns[i]))
				given = append(given, "c."+quoted(r.Columns[i])+" IS NOT NULL")
			}
			list = append(list, invariant{
				"references",
				fmt.Sprintf("SELECT count(*) FROM %s c WHERE %s AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s) HAVING count(*) > 0",
					quoted(t.Name), strings.Join(given, " AND "), quoted(r.Table), strings.Join(on, " AND ")),
				fmt.Sprintf("%%d rows of %s refer by %s to rows of %s that do not exist", t.Name, strings.Join(r.Columns, ", "), r.Table), t.Name,
			})
		}
	}
	return list
}

// foldedKeys compares the folded names with what chat.Fold makes of the names: one that is folded otherwise is not found, and can be taken
// twice.
func (n *Snapshot) foldedKeys(ctx context.Context) (faults []Fault, err error) {
	for _, f := range []struct{ table, name, key string }{
		{"users", "username", "username_key"}, {"users", "email", "email_key"}, {"rooms", "name", "name_key"},
	} {
		i := slices.IndexFunc(n.tables, func(t Table) bool { return t.Name == f.table })
		if i < 0 {
			continue
		}
		found := 0
		text := fmt.Sprintf("SELECT id, coalesce(%s, ''), coalesce(%s, '') FROM %s ORDER BY id", f.name, f.key, f.table)
		err := n.each(ctx, text, func(id int64, name, key string) {
			if chat.Fold(name) != key && found < maxFaults {
				found++
				faults = append(faults, Fault{"folded_keys", fmt.Sprintf("%s %d: %s is not what its %s folds to", f.table, id, f.key, f.name)})
			}
		})
		if err != nil {
			return nil, fmt.Errorf("check folded_keys: %w", classify(err))
		}
	}
	return faults, nil
}

func (n *Snapshot) each(ctx context.Context, text string, f func(id int64, name, key string)) (err error) {
	rows, err := n.tx.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id int64
		var name, key string
		if err := rows.Scan(&id, &name, &key); err != nil {
			return err
		}
		f(id, name, key)
	}
	return rows.Err()
}
