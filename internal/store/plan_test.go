package store_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

// plan is what a query has to do; docs/why/indexes.md says why.
type plan struct {
	indexes []string // each has to be in the plan, or one of "a|b", under Postgres' name; SQLite names its primary keys otherwise
	ordered bool     // the index gives the order: nothing is sorted, however long the history is
	scans   string   // a table that may be read from one end to the other
	args    []any    // nil: 1 for everything, which is good enough where the arguments do not change the plan
}

var (
	memberKey  = plan{indexes: []string{"members_pkey|members_user"}} // both have the room and the person
	messageKey = plan{indexes: []string{"messages_room_number"}}
	roomKey    = plan{indexes: []string{"rooms_pkey"}}
	userKey    = plan{indexes: []string{"users_pkey"}}
)

// plans has every query of the nouns that grow with what is said and read, if it looks for rows. A new one that is not here fails the test.
var plans = map[string]plan{
	"ListMessagesBefore":  {indexes: messageKey.indexes, ordered: true, args: []any{storetest.Quiet, 3000, 50}},
	"ListMessagesAfter":   {indexes: messageKey.indexes, ordered: true, args: []any{storetest.Quiet, 10, 50}},
	"ListChanges":         {indexes: []string{"messages_room_revision"}, ordered: true, args: []any{storetest.Quiet, 10, 50}},
	"MessageByClientKey":  {indexes: []string{"messages_author_client_key"}},
	"MessageByNumber":     messageKey,
	"EditMessage":         messageKey,
	"DeleteMessage":       messageKey,
	"DeleteMessagesAfter": {indexes: messageKey.indexes, args: []any{storetest.Quiet, 3000}},

	"ListRoomsOfUser":     {indexes: []string{"members_user", "rooms_pkey"}},
	"RoomForUser":         {indexes: []string{"rooms_pkey", memberKey.indexes[0]}},
	"RoomIDByCreationKey": {indexes: []string{"rooms_creation_key"}},
	"BrowsePublicRooms":   {indexes: []string{"rooms_public_name", memberKey.indexes[0]}, args: []any{1, "%5%", "room9", 50}},
	"RoomByID":            roomKey,
	"UpdateRoom":          roomKey,
	"NextRevision":        roomKey,
	"EmptyRoom":           roomKey,
	"LastNumber":          roomKey,
	"CutRoom":             roomKey,
	"DeleteRoom":          {indexes: roomKey.indexes, scans: "invites"}, // rare, and there are few
	"ReserveNumbers":      roomKey,
	"CountMember":         roomKey,
	"InsertMember":        roomKey,

	"ListMembers":       {indexes: []string{"members_pkey"}, scans: "users", args: []any{storetest.Quiet, 1, 50}}, // while there are few people
	"MemberByID":        {indexes: []string{memberKey.indexes[0], "users_pkey"}},
	"MarkRead":          {indexes: []string{memberKey.indexes[0], "rooms_pkey"}},
	"PassOwnership":     {indexes: []string{"members_pkey"}},
	"DeleteMember":      memberKey,
	"DeleteMembers":     {indexes: []string{"members_pkey"}},
	"ListRoomIDsOfUser": {indexes: []string{"members_user"}},
	"LastReadNumber":    memberKey,

	"UserByUsernameKey":  {indexes: []string{"users_username_key"}},
	"ListUsersByID":      {indexes: userKey.indexes, args: []any{"[1,2,3]"}},
	"UserByID":           userKey,
	"DeleteUser":         {indexes: userKey.indexes, scans: "rooms"}, // rare
	"UpdatePasswordHash": userKey,
	"UserIDByEmailKey":   {indexes: []string{"users_email_key"}},
	"SetPendingEmail":    userKey,
	"RemoveEmail":        userKey,
	"ConfirmEmail":       userKey,
	"ResetPassword":      {indexes: []string{"users_pkey|users_email_key"}}, // it names both, and each finds one row
	"UpdateStanding":     userKey,
	"CountOwners":        {indexes: []string{"users_owners"}, scans: "users"},                                            // all of the index, which has the owners only
	"HasUsers":           {scans: "users"},                                                                               // as far as the first row
	"LockAccounts":       {scans: "counters"},                                                                            // a handful of rows
	"ListPeople":         {indexes: []string{"users_username_key"}, args: []any{"user9", "%5%", 50}, scans: "totp_keys"}, // which is empty here

	"postgres/InsertMessages":  roomKey,
	"postgres/MarkRead":        {indexes: []string{memberKey.indexes[0], "rooms_pkey"}},
	"postgres/ListReadNumbers": memberKey,
}

// Every query uses the index that is there for it, on both engines, on data in which a scan would be the worse choice. On Postgres that
// goes for the plan made for these arguments and for the general one, which a prepared statement may get after its fifth run.
func TestPlans(t *testing.T) {
	t.Parallel()
	queries := generatedQueries(t)
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			place := storetest.URL(t, engine)
			storetest.Open(t, place)
			storetest.Fill(t, place, storetest.Data{Users: 8000, Rooms: 1500, RoomsOf: 6, Quiet: 100000, Messages: 250000})
			db := storetest.Raw(t, place)
			for name, text := range queries {
				p, listed := plans[name]
				switch {
				case !listed && strings.Contains(text, "VALUES ("):
				case !listed:
					t.Errorf("%s is not in this test: say which index it uses, here and in docs/why/indexes.md", name)
				case engine == store.SQLite && !strings.HasPrefix(name, "postgres/"):
					p.check(t, name, explainSQLite(t, db, text, p.args), sqliteNames)
				case engine == store.Postgres:
					for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
						p.check(t, name+" with "+mode, explainPostgres(t, db, mode, text, p.args), nil)
					}
				}
			}
		})
	}
}

// sqliteNames says how SQLite calls what Postgres calls by these names.
var sqliteNames = map[string]string{
	"rooms_pkey": "INTEGER PRIMARY KEY", "users_pkey": "INTEGER PRIMARY KEY", "members_pkey": "sqlite_autoindex_members_1",
}

var scan = regexp.MustCompile(`(?m)Seq Scan on (\w+)|SCAN (\w+)`)

func (p plan) check(t *testing.T, name, got string, names map[string]string) {
	t.Helper()
	for _, index := range p.indexes {
		used := slices.ContainsFunc(strings.Split(index, "|"), func(name string) bool {
			return strings.Contains(got, cmp.Or(names[name], name))
		})
		if !used {
			t.Errorf("%s does not use %s:\n%s", name, index, got)
		}
	}
	for _, m := range scan.FindAllStringSubmatch(got, -1) {
		switch table := m[1] + m[2]; table {
		case p.scans, "json_each", "CONSTANT": // the latter two are an argument and a row of none
		default:
			t.Errorf("%s reads all of %s:\n%s", name, table, got)
		}
	}
	if p.ordered && (strings.Contains(got, "Sort") || strings.Contains(got, "TEMP B-TREE")) {
		t.Errorf("%s sorts:\n%s", name, got)
	}
}

// ones returns a one for each parameter of the statement that is prepared.
func ones(t *testing.T, conn *sql.Conn) []string {
	t.Helper()
	var types string
	if err := conn.QueryRowContext(context.Background(), "SELECT array_to_string(parameter_types, ' ') FROM pg_prepared_statements WHERE name = 'hot'").Scan(&types); err != nil {
		t.Fatal(err)
	}
	list := strings.Fields(types)
	for i, name := range list {
		if list[i] = "'1'"; strings.HasSuffix(name, "[]") {
			list[i] = "'{1}'"
		}
	}
	return list
}

var parameter = regexp.MustCompile(`\$(\d+)`)

func explainSQLite(t *testing.T, db *sql.DB, text string, args []any) string {
	t.Helper()
	if args == nil {
		for range parameter.FindAllString(text, -1) { // at least as many as there are
			args = append(args, 1)
		}
	}
	rows, err := db.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	defer func() { _ = rows.Close() }()
	var lines []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func explainPostgres(t *testing.T, db *sql.DB, mode, text string, args []any) string {
	t.Helper()
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_, _ = conn.ExecContext(ctx, "DEALLOCATE hot")
		_ = conn.Close()
	}()
	for _, statement := range []string{"SET plan_cache_mode = " + mode, "PREPARE hot AS " + text} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
	}
	literals := make([]string, len(args))
	for i, a := range args {
		literals[i] = fmt.Sprintf("'%v'", a) // an untyped literal fits every type
	}
	if args == nil {
		literals = ones(t, conn)
	}
	execute := "EXPLAIN (COSTS OFF) EXECUTE hot"
	if len(literals) > 0 {
		execute += " (" + strings.Join(literals, ", ") + ")"
	}
	rows, err := conn.QueryContext(ctx, execute)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	defer func() { _ = rows.Close() }()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// generatedQueries returns the queries as they run, by name; those in Postgres' own dialect as postgres/NAME.
func generatedQueries(t *testing.T) map[string]string {
	t.Helper()
	queries := map[string]string{}
	constant := regexp.MustCompile("(?s)= `(-- name: (\\w+) .*?)`")
	for file, prefix := range map[string]string{
		"query/messages.sql.go": "", "query/rooms.sql.go": "", "query/members.sql.go": "", "query/users.sql.go": "",
		"pgquery/messages.sql.go": "postgres/", "pgquery/members.sql.go": "postgres/",
	} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range constant.FindAllStringSubmatch(string(source), -1) {
			queries[prefix+m[2]] = m[1]
		}
	}
	return queries
}
