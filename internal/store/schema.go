package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind is what a column holds, in words both engines share.
type Kind string

// The kinds. The schema uses no others, because nothing else means the same on both engines.
const (
	Integer Kind = "integer"
	Boolean Kind = "boolean"
	Text    Kind = "text"
	Bytes   Kind = "bytes"
)

// kinds names the kind of each declared type, lower case, of either engine.
var kinds = map[string]Kind{
	"bigint": Integer, "integer": Integer, "smallint": Integer,
	"boolean": Boolean,
	"text":    Text,
	"bytea":   Bytes, "blob": Bytes,
}

// Column is one column of a table.
type Column struct {
	Name     string
	Kind     Kind
	Nullable bool
}

// Table is a table of the schema with what is needed to carry its rows elsewhere. Columns that the engine computes are not in it.
type Table struct {
	Name       string
	Columns    []Column
	Key        []string // the primary key's columns in their order
	References []Reference
}

// Reference is a foreign key.
type Reference struct {
	Columns []string
	Table   string
	Targets []string
}

// notData are tables that say something of a database and hold nothing of people's: what migrated it, and what is being copied into it.
// Virtual tables, the search index on SQLite among them, are not listed either: the engine fills them from the others.
var notData = []string{versionTable, compatibilityTable, progressTable, historyTable}

// querier is what *sql.DB and *sql.Tx share.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Every query below returns table, column, and what is asked. A name is compared and sorted by its bytes.
const (
	columnsSQLite = `SELECT l.name, c.name, lower(c.type), c."notnull" = 0 AND c.pk = 0, c.pk
FROM pragma_table_list l JOIN pragma_table_xinfo(l.name) c
WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND c.hidden = 0
ORDER BY l.name, c.cid`

	columnsPostgres = `SELECT t.relname, a.attname, format_type(a.atttypid, NULL), NOT a.attnotnull, coalesce(array_position(k.conkey, a.attnum), 0)
FROM pg_class t JOIN pg_namespace s ON s.oid = t.relnamespace AND s.nspname = current_schema()
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
LEFT JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'p'
WHERE t.relkind IN ('r', 'p') ORDER BY t.relname COLLATE "C", a.attnum`

	referencesSQLite = `SELECT l.name, f.id, f."from", f."table", coalesce(f."to", '')
FROM pragma_table_list l JOIN pragma_foreign_key_list(l.name) f
WHERE l.schema = 'main' AND l.type = 'table' ORDER BY l.name, f.id, f.seq`

	referencesPostgres = `SELECT t.relname, CAST(k.oid AS BIGINT), a.attname, r.relname, b.attname
FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
JOIN pg_namespace s ON s.oid = t.relnamespace AND s.nspname = current_schema()
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY u(child, parent, place)
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.child JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = u.parent
WHERE k.contype = 'f' ORDER BY t.relname COLLATE "C", k.conname, u.place`
)

// Tables lists the tables of the schema so that a referenced table comes before those that refer to it.
func (s *Store) Tables(ctx context.Context) ([]Table, error) {
	tables, err := s.tables(ctx, s.read)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", classify(err))
	}
	return tables, nil
}

func (s *Store) tables(ctx context.Context, q querier) ([]Table, error) {
	columns, references := columnsSQLite, referencesSQLite
	if s.dialect == Postgres {
		columns, references = columnsPostgres, referencesPostgres
	}
	tables, err := readColumns(ctx, q, columns)
	if err != nil {
		return nil, err
	}
	if err := readReferences(ctx, q, references, tables); err != nil {
		return nil, err
	}
	for _, t := range tables {
		if len(t.Key) == 0 {
			return nil, fmt.Errorf("table %s has no primary key: its rows have no order", t.Name)
		}
	}
	return inOrder(tables)
}

func readColumns(ctx context.Context, q querier, text string) (tables []Table, err error) {
	rows, err := q.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	places := map[string]int{} // of "table.column" within the key
	for rows.Next() {
		var table, column, declared string
		var nullable bool
		var place int
		if err := rows.Scan(&table, &column, &declared, &nullable, &place); err != nil {
			return nil, err
		}
		if slices.Contains(notData, table) {
			continue
		}
		kind, known := kinds[declared]
		if !known {
			return nil, fmt.Errorf("%s.%s is of type %s, which does not mean the same on both engines", table, column, declared)
		}
		if len(tables) == 0 || tables[len(tables)-1].Name != table {
			tables = append(tables, Table{Name: table})
		}
		t := &tables[len(tables)-1]
		t.Columns = append(t.Columns, Column{Name: column, Kind: kind, Nullable: nullable})
		if place > 0 {
			t.Key = append(t.Key, column)
			places[table+"."+column] = place
		}
	}
	for _, t := range tables {
		slices.SortFunc(t.Key, func(a, b string) int { return places[t.Name+"."+a] - places[t.Name+"."+b] })
	}
	return tables, rows.Err()
}

func readReferences(ctx context.Context, q querier, text string, tables []Table) (err error) {
	rows, err := q.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	lastTable, lastID := "", int64(-1)
	for rows.Next() {
		var table, from, target, to string
		var id int64
		if err := rows.Scan(&table, &id, &from, &target, &to); err != nil {
			return err
		}
		i := slices.IndexFunc(tables, func(t Table) bool { return t.Name == table })
		if i < 0 {
			continue
		}
		t := &tables[i]
		if table != lastTable || id != lastID {
			t.References = append(t.References, Reference{Table: target})
		}
		lastTable, lastID = table, id
		r := &t.References[len(t.References)-1]
		if to == "" { // SQLite, when the key is not spelled out: the referenced table's primary key
			if p := slices.IndexFunc(tables, func(t Table) bool { return t.Name == target }); p >= 0 && len(r.Targets) < len(tables[p].Key) {
				to = tables[p].Key[len(r.Targets)]
			}
		}
		r.Columns, r.Targets = append(r.Columns, from), append(r.Targets, to)
	}
	return rows.Err()
}

// inOrder puts referenced tables first, otherwise keeping the order by name. A table may refer to itself: its rows go in the order of its
// key, and nothing here refers to what comes later.
func inOrder(tables []Table) ([]Table, error) {
	ordered := make([]Table, 0, len(tables))
	placed := map[string]bool{}
	for len(ordered) < len(tables) {
		before := len(ordered)
		for _, t := range tables {
			ready := !placed[t.Name] && !slices.ContainsFunc(t.References, func(r Reference) bool { return r.Table != t.Name && !placed[r.Table] })
			if ready {
				ordered = append(ordered, t)
				placed[t.Name] = true
			}
		}
		if len(ordered) == before {
			return nil, errors.New("tables refer to each other in a circle, or to one that is not there: there is no order to fill them in")
		}
	}
	return ordered, nil
}

// SameShape says how the columns of a table differ between two databases; empty when their rows fit each other.
func SameShape(a, b Table) string {
	for _, c := range a.Columns {
		i := slices.IndexFunc(b.Columns, func(o Column) bool { return o.Name == c.Name })
		switch {
		case i < 0:
			return fmt.Sprintf("column %s.%s is on one side only", a.Name, c.Name)
		case b.Columns[i].Kind != c.Kind:
			return fmt.Sprintf("column %s.%s is %s on one side and %s on the other", a.Name, c.Name, c.Kind, b.Columns[i].Kind)
		}
	}
	for _, c := range b.Columns {
		if !slices.ContainsFunc(a.Columns, func(o Column) bool { return o.Name == c.Name }) {
			return fmt.Sprintf("column %s.%s is on one side only", a.Name, c.Name)
		}
	}
	if !slices.Equal(a.Key, b.Key) {
		return fmt.Sprintf("table %s has the key %v on one side and %v on the other", a.Name, a.Key, b.Key)
	}
	return ""
}

// quoted writes names as SQL identifiers, separated by commas.
func quoted(names ...string) string {
	list := make([]string, 0, len(names))
	for _, n := range names {
		list = append(list, `"`+strings.ReplaceAll(n, `"`, `""`)+`"`)
	}
	return strings.Join(list, ", ")
}

func (t Table) names() []string {
	names := make([]string, 0, len(t.Columns))
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return names
}
