package storetest

import (
	"context"
	"database/sql"
	"strings"
	"testing"
)

// Data says how much Fill loads.
type Data struct {
	Users    int // the ids 1 to Users
	Rooms    int // the ids 1 to Rooms; Quiet is the first
	RoomsOf  int // rooms of each user, at most Rooms
	Quiet    int // messages in the quiet room, which all came before those of the others
	Messages int // messages in all rooms together
}

// Quiet is a room with a long history that nobody has written to for a while. What pages through it by a global id has to walk over
// everything that was said elsewhere since.
const Quiet = 1

// Fill loads data into an empty, migrated database with a few statements, and has the engine look at it (ANALYZE).
func Fill(tb testing.TB, place string, d Data) {
	tb.Helper()
	ctx := context.Background()
	db := Raw(tb, place)
	steps := []string{
		series(`INSERT INTO users (id, username, username_key, display_name, password_hash, created_at)
			SELECT i, 'user' || i, 'user' || i, 'User ' || i, 'hash', 0 FROM n`),
		series(`INSERT INTO rooms (id, kind, name, name_key, topic, created_by, creation_key, created_at, active_at)
			SELECT i, CASE WHEN i % 4 = 0 THEN 'private' ELSE 'public' END, 'room' || i, 'room' || i, 'What it is about', 1, 'key' || i, 0, i FROM n`),
		series(`INSERT INTO members (room_id, user_id, role, joined_at)
			SELECT 1 + (u.id * 7 + i) % (SELECT max(id) FROM rooms), u.id, CASE WHEN i = 1 THEN 'owner' ELSE 'member' END, i FROM n CROSS JOIN users u`),
		series(messagesOf("1", "i", "i")),
		series(messagesOf("2 + (i - 1) % ((SELECT max(id) FROM rooms) - 1)", "1 + (i - 1) / ((SELECT max(id) FROM rooms) - 1)",
			"i + (SELECT count(*) FROM messages q)")),
		`UPDATE rooms SET last_number = m.last, revision = m.last, active_at = m.at
			FROM (SELECT room_id, max(number) AS last, max(created_at) AS at FROM messages GROUP BY room_id) AS m WHERE m.room_id = rooms.id`,
		"ANALYZE",
	}
	counts := []int{d.Users, d.Rooms, d.RoomsOf, d.Quiet, d.Messages - d.Quiet}
	for i, step := range steps {
		var args []any
		if i < len(counts) {
			args = []any{counts[i]}
		}
		if _, err := db.ExecContext(ctx, step, args...); err != nil {
			tb.Fatalf("fill: %v\n%s", err, step)
		}
	}
	if strings.HasPrefix(place, "postgres") {
		vacuum(tb, db)
	}
}

// vacuum leaves Postgres' tables as they are after a while: with a visibility map, and pages hinted.
func vacuum(tb testing.TB, db *sql.DB) {
	tb.Helper()
	if _, err := db.ExecContext(context.Background(), "VACUUM ANALYZE"); err != nil {
		tb.Fatal(err)
	}
}

// series puts a table n with a column i, 1 to the first argument, before the SELECT of an INSERT. Both engines understand it.
func series(insert string) string {
	into, query, _ := strings.Cut(insert, "SELECT")
	return into + "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST($1 AS BIGINT)) SELECT" + query
}

// messagesOf inserts messages of 200 characters. Ids ascend in the order in which rooms are written to; authors take turns.
func messagesOf(room, number, id string) string {
	return `INSERT INTO messages (id, room_id, number, revision, author_id, client_key, body, created_at)
		SELECT ` + id + ", " + room + ", " + number + ", " + number + `, 1 + i % (SELECT max(id) FROM users), 'key-' || (` + id +
		"), '" + strings.Repeat("lorem ipsum ", 17)[:200] + "', i FROM n"
}
