package store

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

// A row travels between databases as the values of its columns in the table's order: int64, bool, string, []byte or nil. Its canonical text
// is a JSON array on one line, the same bytes whatever engine it was read from, so that a hash over the rows in the order of their keys
// says whether two databases hold the same.

// normal turns what the driver returned into the values of the kinds. Anything that the other engine would not take, or would take for
// something else, is an error that names the row: nothing is silently changed.
func (t Table) normal(row []any) error {
	for i, c := range t.Columns {
		v, problem := normalValue(c, row[i])
		if problem != "" {
			return fmt.Errorf("table %s, row %s: column %s %s", t.Name, t.keyText(row), c.Name, problem)
		}
		row[i] = v
	}
	return nil
}

func normalValue(c Column, v any) (normal any, problem string) {
	switch v := v.(type) {
	case nil:
		if !c.Nullable {
			return nil, "is NULL, which it must not be"
		}
		return nil, ""
	case int64:
		if c.Kind == Integer {
			return v, ""
		}
		if c.Kind == Boolean && (v == 0 || v == 1) {
			return v == 1, ""
		}
	case bool:
		if c.Kind == Boolean {
			return v, ""
		}
	case string:
		if c.Kind == Text {
			return v, textProblem(v)
		}
	case []byte:
		if c.Kind == Bytes {
			return append([]byte{}, v...), "" // SQLite's driver returns no bytes as a nil slice, which Postgres' would store as NULL
		}
	}
	return nil, fmt.Sprintf("holds a value that is not of its kind, %s (SQLite lets in what Postgres would not)", c.Kind)
}

func textProblem(s string) string {
	switch {
	case !utf8.ValidString(s):
		return "holds text that is not valid UTF-8"
	case strings.IndexByte(s, 0) >= 0:
		return "holds text with a NUL character, which Postgres cannot store"
	}
	return ""
}

// keyText spells a row's key for people.
func (t Table) keyText(row []any) string {
	var b strings.Builder
	for i, v := range t.KeyOf(row) {
		fmt.Fprintf(&b, "%s%s=%v", []string{"", " "}[min(i, 1)], t.Key[i], v)
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// KeyOf returns a row's values of the primary key.
func (t Table) KeyOf(row []any) []any {
	key := make([]any, 0, len(t.Key))
	for _, name := range t.Key {
		for i, c := range t.Columns {
			if c.Name == name {
				key = append(key, row[i])
			}
		}
	}
	return key
}

// EncodeRow returns the canonical text of a row, without a line break. It is valid until the next call with the same encoder.
func EncodeRow(e *jx.Encoder, row []any) []byte {
	e.Reset()
	e.ArrStart()
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			e.Null()
		case int64:
			e.Int64(v)
		case bool:
			e.Bool(v)
		case string:
			e.Str(v)
		case []byte:
			e.Str(base64.StdEncoding.EncodeToString(v))
		}
	}
	e.ArrEnd()
	return e.Bytes()
}

// DecodeRow reads the canonical text of a row of this table.
func (t Table) DecodeRow(line []byte) ([]any, error) {
	return decodeValues(line, t.Columns)
}

// DecodeKey reads the canonical text of a key of this table.
func (t Table) DecodeKey(line []byte) ([]any, error) {
	var columns []Column
	for _, name := range t.Key {
		for _, c := range t.Columns {
			if c.Name == name {
				columns = append(columns, c)
			}
		}
	}
	return decodeValues(line, columns)
}

func decodeValues(line []byte, columns []Column) ([]any, error) {
	d := jx.DecodeBytes(line)
	row := make([]any, 0, len(columns))
	err := d.Arr(func(d *jx.Decoder) error {
		if len(row) == len(columns) {
			return errors.New("it has more values than columns")
		}
		c := columns[len(row)]
		v, err := decodeValue(d, c)
		if err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		row = append(row, v)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(row) < len(columns):
		return nil, errors.New("it has fewer values than columns")
	}
	if err := d.Skip(); err == nil {
		return nil, errors.New("there is something after its end")
	}
	return row, nil
}

func decodeValue(d *jx.Decoder, c Column) (any, error) {
	if d.Next() == jx.Null {
		if !c.Nullable {
			return nil, errors.New("it is null, which it must not be")
		}
		return nil, d.Null()
	}
	switch c.Kind {
	case Integer:
		return d.Int64()
	case Boolean:
		return d.Bool()
	case Bytes:
		text, err := d.StrBytes()
		if err != nil {
			return nil, err
		}
		return base64.StdEncoding.AppendDecode([]byte{}, text)
	case Text:
		text, err := d.Str()
		if problem := textProblem(text); err == nil && problem != "" {
			return nil, errors.New("it " + problem)
		}
		return text, err
	}
	return nil, fmt.Errorf("there is no kind %q", c.Kind)
}

// Digest says what rows a table holds: two tables with the same digest hold the same.
type Digest struct {
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Digester computes a Digest from rows in the order of their keys.
type Digester struct {
	rows int64
	hash hash.Hash
}

// NewDigester starts with no row.
func NewDigester() *Digester { return &Digester{hash: sha256.New()} }

// Add takes the canonical text of the next row.
func (d *Digester) Add(line []byte) {
	d.rows++
	_, _ = d.hash.Write(line) // a hash never fails
	_, _ = d.hash.Write([]byte{'\n'})
}

// Sum returns the digest of what was added.
func (d *Digester) Sum() Digest {
	return Digest{Rows: d.rows, SHA256: hex.EncodeToString(d.hash.Sum(nil))}
}
