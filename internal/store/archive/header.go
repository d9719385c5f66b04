package archive

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"parley/internal/store"
)

const (
	formatName    = "parley-backup"
	formatVersion = 1
)

// What can be wrong with a file.
var (
	ErrForeign = errors.New("this is not a Parley backup")
	ErrDamaged = errors.New("the backup is damaged")
	ErrNewer   = errors.New("the backup is from a newer Parley")
)

// leftOut are tables whose rows do not travel. Sessions: since the backup was made, people have signed out, been signed out, and had their
// refresh tokens rotated; a restored row would bring ended sessions and used tokens back to life. After a restore everybody signs in again, but where Redis keeps the
// sessions: those are newer than the backup, and go on.
// Tickets are good once, and may have been used since. Mails that waited have been sent, or are old news.
var leftOut = []string{"sessions", "ended_sessions", "tickets", "mails"}

// Header says what is in a backup.
type Header struct {
	Format    string        `json:"format"`
	Version   int           `json:"version"`
	Schema    int64         `json:"schema"` // the level of the schema, see store.Level
	Engine    store.Dialect `json:"engine"`
	Parley    string        `json:"parley"`
	CreatedAt time.Time     `json:"created_at"`
	Tables    []Table       `json:"tables"`
	LeftOut   []string      `json:"left_out"`
}

// Table is a table as the header describes it.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
	Key     []string `json:"key"`
}

// Column is a column as the header describes it.
type Column struct {
	Name     string     `json:"name"`
	Kind     store.Kind `json:"kind"`
	Nullable bool       `json:"nullable,omitempty"`
}

// tableEnd follows the rows of a table.
type tableEnd struct {
	Table string `json:"table"`
	store.Digest
}

// fileEnd is the last line.
type fileEnd struct {
	Tables int    `json:"tables"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Summary says what was written or read.
type Summary struct {
	Header Header
	Tables []TableSummary // in the order of the file
	Rows   int64
}

// TableSummary is what one table holds.
type TableSummary struct {
	Name string
	store.Digest
}

func describe(t store.Table) Table {
	d := Table{Name: t.Name, Key: t.Key}
	for _, c := range t.Columns {
		d.Columns = append(d.Columns, Column(c))
	}
	return d
}

func (t Table) storeTable() store.Table {
	s := store.Table{Name: t.Name, Key: t.Key}
	for _, c := range t.Columns {
		s.Columns = append(s.Columns, store.Column(c))
	}
	return s
}

// check refuses a header that is not one, before anything of it is used.
func (h Header) check() error {
	switch {
	case h.Format != formatName:
		return ErrForeign
	case h.Version > formatVersion:
		return fmt.Errorf("%w: its format is version %d, this binary reads %d", ErrNewer, h.Version, formatVersion)
	case h.Version < 1 || h.Schema < 0:
		return fmt.Errorf("%w: its header makes no sense", ErrDamaged)
	}
	seen := map[string]bool{}
	for _, t := range h.Tables {
		if t.Name == "" || seen[t.Name] || len(t.Columns) == 0 || len(t.Key) == 0 {
			return fmt.Errorf("%w: its header describes table %q badly", ErrDamaged, t.Name)
		}
		seen[t.Name] = true
		for _, key := range t.Key {
			if !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == key }) {
				return fmt.Errorf("%w: its header describes table %q badly", ErrDamaged, t.Name)
			}
		}
	}
	return nil
}

// fits compares what the backup holds with the tables of the database that it shall go to.
func (h Header) fits(tables []store.Table) error {
	for _, t := range tables {
		i := slices.IndexFunc(h.Tables, func(b Table) bool { return b.Name == t.Name })
		if i < 0 {
			if slices.Contains(h.LeftOut, t.Name) {
				continue
			}
			return fmt.Errorf("the database has a table %s, the backup does not", t.Name)
		}
		if difference := store.SameShape(h.Tables[i].storeTable(), t); difference != "" {
			return errors.New("backup and database differ: " + difference)
		}
	}
	for _, b := range h.Tables {
		if !slices.ContainsFunc(tables, func(t store.Table) bool { return t.Name == b.Name }) {
			return fmt.Errorf("the backup has a table %s, the database does not", b.Name)
		}
	}
	return nil
}
