package archive

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"github.com/go-faster/jx"

	"parley/internal/store"
)

// Options say who makes a backup and when.
type Options struct {
	Parley string // the version of the binary
	Now    time.Time
	// Progress, if any, is told after each table.
	Progress func(TableSummary)
}

// Backup writes the database as it is now to w. People can go on writing to it. Its schema may be older than this binary's, so that the
// new binary can make the backup before it migrates.
func Backup(ctx context.Context, s *store.Store, w io.Writer, o Options) (Summary, error) {
	level, err := s.Level(ctx)
	if err != nil {
		return Summary{}, err
	}
	if level == 0 {
		return Summary{}, fmt.Errorf("%w: there is nothing in it yet", store.ErrSchemaOld)
	}
	var summary Summary
	err = s.Snapshot(ctx, func(n *store.Snapshot) error {
		b, err := newWriter(w)
		if err != nil {
			return err
		}
		if summary, err = b.database(ctx, n, Header{
			Format: formatName, Version: formatVersion, Schema: level, Engine: s.Dialect(), Parley: o.Parley, CreatedAt: o.Now.UTC(), LeftOut: leftOut,
		}, o.Progress); err != nil {
			return err
		}
		return b.zip.Close()
	})
	if err != nil {
		return Summary{}, fmt.Errorf("back up: %w", err)
	}
	return summary, nil
}

// writer writes lines and hashes them.
type writer struct {
	zip  *gzip.Writer
	hash hash.Hash
}

// newWriter compresses fast rather than well: the snapshot is open until the last byte is written.
func newWriter(w io.Writer) (*writer, error) {
	zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	return &writer{zip: zip, hash: sha256.New()}, err
}

func (w *writer) line(line []byte) error {
	for _, part := range [][]byte{line, {'\n'}} {
		_, _ = w.hash.Write(part) // a hash never fails
		if _, err := w.zip.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) json(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.line(line)
}

func (w *writer) database(ctx context.Context, n *store.Snapshot, h Header, progress func(TableSummary)) (Summary, error) {
	tables := slices.DeleteFunc(slices.Clone(n.Tables()), func(t store.Table) bool { return slices.Contains(leftOut, t.Name) })
	for _, t := range tables {
		h.Tables = append(h.Tables, describe(t))
	}
	if err := w.json(h); err != nil {
		return Summary{}, err
	}
	s := Summary{Header: h}
	for _, t := range tables {
		digest, err := w.table(ctx, n, t)
		if err != nil {
			return Summary{}, err
		}
		s.add(t.Name, digest)
		if progress != nil {
			progress(s.Tables[len(s.Tables)-1])
		}
	}
	return s, w.json(fileEnd{Tables: len(s.Tables), Rows: s.Rows, SHA256: hex.EncodeToString(w.hash.Sum(nil))})
}

func (w *writer) table(ctx context.Context, n *store.Snapshot, t store.Table) (store.Digest, error) {
	d, e := store.NewDigester(), &jx.Encoder{}
	err := n.Rows(ctx, t, nil, 0, func(row []any) error {
		line := store.EncodeRow(e, row)
		d.Add(line)
		return w.line(line)
	})
	if err != nil {
		return store.Digest{}, err
	}
	return d.Sum(), w.json(tableEnd{Table: t.Name, Digest: d.Sum()})
}

func (s *Summary) add(table string, d store.Digest) {
	s.Tables = append(s.Tables, TableSummary{Name: table, Digest: d})
	s.Rows += d.Rows
}
