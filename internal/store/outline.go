package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// What an engine says of everything in a schema: the kind and name of a thing, and its definition.
const (
	outlineSQLite = `SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema
WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' AND tbl_name NOT IN ('goose_db_version', 'store_copy')`

	outlinePostgres = `WITH here AS (SELECT oid FROM pg_namespace WHERE nspname = current_schema()),
tables AS (SELECT t.* FROM pg_class t JOIN here ON t.relnamespace = here.oid WHERE t.relname NOT IN ('goose_db_version', 'store_copy'))
SELECT 'column ' || t.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
       a.attgenerated, a.attidentity, pg_get_expr(d.adbin, d.adrelid))
FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum WHERE t.relkind IN ('r', 'p')
UNION ALL SELECT 'index ' || i.relname, pg_get_indexdef(x.indexrelid) FROM pg_index x JOIN tables t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
UNION ALL SELECT 'constraint ' || t.relname || '.' || k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid
UNION ALL SELECT 'trigger ' || t.relname || '.' || g.tgname, pg_get_triggerdef(g.oid) FROM pg_trigger g JOIN tables t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal
UNION ALL SELECT 'view ' || t.relname, pg_get_viewdef(t.oid) FROM tables t WHERE t.relkind IN ('v', 'm')
UNION ALL SELECT 'sequence ' || t.relname, '' FROM tables t WHERE t.relkind = 'S' AND t.relname <> 'goose_db_version_id_seq'
UNION ALL SELECT 'function ' || p.oid::regprocedure, pg_get_functiondef(p.oid) FROM pg_proc p JOIN here ON p.pronamespace = here.oid
    WHERE p.prokind IN ('f', 'p') AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = p.oid AND e.deptype = 'e')`
)

var (
	sqlComment = regexp.MustCompile(`--[^\n]*`)
	sqlFiller  = regexp.MustCompile(`[\s"]+`)
)

// Outline describes everything in the schema, by kind and name. Two databases of one engine with equal outlines have the same schema.
// Comments, spaces and quotes do not count: SQLite keeps the text of a table, and changes only those when a column comes and goes.
func (s *Store) Outline(ctx context.Context) (outline map[string]string, err error) {
	text := outlineSQLite
	if s.dialect == Postgres {
		text = outlinePostgres
	}
	rows, err := s.read.QueryContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("outline: %w", classify(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	outline = map[string]string{}
	for rows.Next() {
		var name, definition string
		if err := rows.Scan(&name, &definition); err != nil {
			return nil, fmt.Errorf("outline: %w", err)
		}
		outline[name] = strings.ToLower(sqlFiller.ReplaceAllString(sqlComment.ReplaceAllString(definition, ""), ""))
	}
	return outline, rows.Err()
}
