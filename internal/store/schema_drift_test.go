package store_test

import (
	"database/sql"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

// One schema for two engines: what each says of its tables, brought into the same words, has to be the same. What only one engine has on
// purpose (functions, triggers) is not compared.
func TestSchema_is_the_same_on_both_engines(t *testing.T) {
	t.Parallel()
	described := map[store.Dialect]map[string]string{}
	for _, engine := range []store.Dialect{store.Postgres, store.SQLite} {
		place := storetest.URL(t, engine)
		if _, err := open(t, store.Options{URL: place}).MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		described[engine] = describe(t, storetest.Raw(t, place), engine)
	}
	lite, pg := described[store.SQLite], described[store.Postgres]
	if len(lite) < 50 {
		t.Errorf("only %d things were compared", len(lite))
	}
	for _, name := range slices.Sorted(maps.Keys(lite)) {
		if lite[name] != pg[name] {
			t.Errorf("%s: sqlite has %q, postgres has %q", name, lite[name], pg[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(pg)) {
		if _, there := lite[name]; !there {
			t.Errorf("%s: sqlite has nothing, postgres has %q", name, pg[name])
		}
	}
}

// describe names every column, index, foreign key and check of a schema and says what it is like.
func describe(t *testing.T, db *sql.DB, engine store.Dialect) map[string]string {
	t.Helper()
	query := describeSQLite
	if engine == store.Postgres {
		query = describePostgres
	}
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string]string{}
	for rows.Next() {
		var name, like string
		if err := rows.Scan(&name, &like); err != nil {
			t.Fatal(err)
		}
		switch kind, rest, _ := strings.Cut(name, " "); kind {
		case "tablesql": // SQLite has checks and defaults as they were written
			for _, check := range checks(like) {
				out["check "+rest+" "+check] = "there"
			}
		case "check":
			out["check "+rest+" "+plain(like)] = "there"
		case "index":
			head, where, _ := strings.Cut(like, " WHERE ")
			out[name] = head + " where " + plain(where)
		default:
			out[name] = plain(like)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// checks finds the conditions after CHECK in the text of a table.
func checks(table string) []string {
	var list []string
	for _, rest := range strings.Split(comments.ReplaceAllString(table, ""), "CHECK (")[1:] {
		depth, end := 1, 0
		for i, r := range rest {
			switch r {
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth == 0 {
				end = i
				break
			}
		}
		list = append(list, plain(rest[:end]))
	}
	return list
}

var (
	comments = regexp.MustCompile(`(?m)--.*$`)
	anyArray = regexp.MustCompile(`= any array\[(.*?)\]`)
)

// plain takes from a condition what the engines write differently: parentheses, casts, case, and Postgres' array for IN.
func plain(s string) string {
	s = strings.ToLower(s)
	for _, cast := range []string{"::text[]", "::text", "::bigint", "(", ")", "check "} {
		s = strings.ReplaceAll(s, cast, "")
	}
	s = strings.Join(strings.Fields(s), " ")
	return strings.TrimSpace(anyArray.ReplaceAllString(s, "in $1"))
}

const describeSQLite = `
SELECT 'column ' || m.name || '.' || c.name, CASE WHEN c.pk > 0 THEN replace(lower(c.type), 'integer', 'bigint') ELSE lower(c.type) END
	|| CASE WHEN c."notnull" OR c.pk > 0 THEN ' not null' ELSE '' END || CASE WHEN c.pk > 0 THEN ' key ' || c.pk ELSE '' END
	|| coalesce(' default ' || c.dflt_value, '')
FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND m.name <> 'goose_db_version'
UNION ALL SELECT 'index ' || m.name || '.' || i.name, CASE WHEN i."unique" THEN 'unique ' ELSE '' END
	|| (SELECT group_concat(coalesce(x.name, 'expression'), ',' ORDER BY x.seqno) FROM pragma_index_info(i.name) x)
	|| coalesce((SELECT substr(d.sql, instr(d.sql, ' WHERE ')) FROM sqlite_schema d WHERE d.name = i.name AND i.partial), '')
FROM sqlite_schema m JOIN pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin = 'c' AND m.name <> 'goose_db_version'
UNION ALL SELECT 'foreign ' || m.name || '.' || f."from", f."table" || '.' || coalesce(f."to", 'id') || ' on delete ' || lower(f.on_delete)
	|| ' on update ' || lower(f.on_update)
FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
UNION ALL SELECT 'tablesql ' || m.name, m.sql FROM sqlite_schema m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND m.name <> 'goose_db_version'`

const describePostgres = `
SELECT 'column ' || c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
	|| coalesce(' key ' || array_position(k.conkey, a.attnum), '') || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' AND a.attnum = ANY (k.conkey)
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'goose_db_version'
UNION ALL SELECT 'index ' || t.relname || '.' || i.relname, CASE WHEN x.indisunique THEN 'unique ' ELSE '' END
	|| (SELECT string_agg(coalesce(a.attname, 'expression'), ',' ORDER BY o) FROM unnest(x.indkey) WITH ORDINALITY u(n, o)
		LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = u.n AND u.n > 0)
	|| coalesce(' WHERE ' || pg_get_expr(x.indpred, x.indrelid), '')
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace AND NOT x.indisprimary AND t.relname <> 'goose_db_version'
UNION ALL SELECT 'foreign ' || t.relname || '.' || a.attname, r.relname || '.' || b.attname || ' on delete '
	|| (ARRAY['cascade', 'no action', 'restrict', 'set null', 'set default'])[strpos('carnd', k.confdeltype::text)]
	|| ' on update ' || (ARRAY['cascade', 'no action', 'restrict', 'set null', 'set default'])[strpos('carnd', k.confupdtype::text)]
FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) u(child, parent)
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.child JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = u.parent WHERE k.contype = 'f'
UNION ALL SELECT 'check ' || t.relname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
WHERE k.contype = 'c' AND t.relnamespace = 'public'::regnamespace`
