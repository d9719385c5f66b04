package archive

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"parley/internal/store"
)

// maxLine bounds a row, and with it what a crafted file can make us keep in memory. The longest real one is a message, below 100 kB.
const maxLine = 16 << 20

// Verify reads a whole backup and says what is in it, or what is wrong with it.
func Verify(ctx context.Context, r io.Reader) (Summary, error) {
	return read(ctx, r, func(store.Table, []any) error { return nil })
}

// read calls f with every row of a backup. That it returns without error is what says that the backup is whole, so what f did before that
// must not be final.
func read(ctx context.Context, r io.Reader, f func(store.Table, []any) error) (Summary, error) {
	b, err := newReader(r)
	if err != nil {
		return Summary{}, err
	}
	s, err := b.header()
	if err != nil {
		return Summary{}, err
	}
	for _, t := range s.Header.Tables {
		digest, err := b.table(ctx, t.storeTable(), f)
		if err != nil {
			return Summary{}, err
		}
		s.add(t.Name, digest)
	}
	return s, b.end(s)
}

type reader struct {
	raw   *bufio.Reader // the compressed file
	zip   *gzip.Reader
	lines *bufio.Reader
	hash  hash.Hash
	buf   []byte
}

func newReader(r io.Reader) (*reader, error) {
	raw := bufio.NewReaderSize(r, 64<<10)
	zip, err := gzip.NewReader(raw)
	switch {
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ErrForeign
	case err != nil:
		return nil, err
	}
	zip.Multistream(false) // one stream; what follows it is no part of the backup
	return &reader{raw: raw, zip: zip, lines: bufio.NewReaderSize(zip, 64<<10), hash: sha256.New()}, nil
}

// line returns the next line without its end, valid until the next call. It is not hashed yet, because the last one is not.
func (r *reader) line() ([]byte, error) {
	r.buf = r.buf[:0]
	for {
		part, err := r.lines.ReadSlice('\n')
		r.buf = append(r.buf, part...)
		switch {
		case err == nil:
			return r.buf[:len(r.buf)-1], nil
		case len(r.buf) > maxLine:
			return nil, fmt.Errorf("%w: it has a line of more than %d bytes", ErrDamaged, maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("%w: it is cut off", ErrDamaged)
		default:
			return nil, unreadable(err)
		}
	}
}

// unreadable tells a damaged file from a disk that does not read.
func unreadable(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return fmt.Errorf("read backup: %w", err)
}

func (r *reader) count(line []byte) {
	_, _ = r.hash.Write(line) // a hash never fails
	_, _ = r.hash.Write([]byte{'\n'})
}

func (r *reader) header() (Summary, error) {
	line, err := r.line()
	if err != nil {
		return Summary{}, err
	}
	var h Header
	if err := json.Unmarshal(line, &h); err != nil {
		return Summary{}, ErrForeign
	}
	r.count(line)
	return Summary{Header: h}, h.check()
}

// table reads rows up to the line that ends the table, and compares.
func (r *reader) table(ctx context.Context, t store.Table, f func(store.Table, []any) error) (store.Digest, error) {
	d := store.NewDigester()
	for {
		line, err := r.line()
		if err != nil {
			return store.Digest{}, err
		}
		r.count(line)
		if !bytes.HasPrefix(line, []byte("[")) {
			var end tableEnd
			if err := strict(line, &end); err != nil || end.Table != t.Name || end.Digest != d.Sum() {
				return store.Digest{}, fmt.Errorf("%w: the rows of table %s are not those that were written", ErrDamaged, t.Name)
			}
			return end.Digest, nil
		}
		d.Add(line)
		row, err := t.DecodeRow(line)
		if err != nil {
			return store.Digest{}, fmt.Errorf("%w: table %s, row %d: %w", ErrDamaged, t.Name, d.Sum().Rows, err)
		}
		if err := f(t, row); err != nil {
			return store.Digest{}, err
		}
		if err := ctx.Err(); err != nil {
			return store.Digest{}, err
		}
	}
}

// end reads the last line, and makes sure that nothing comes after it.
func (r *reader) end(s Summary) error {
	line, err := r.line()
	if err != nil {
		return err
	}
	want := fileEnd{Tables: len(s.Tables), Rows: s.Rows, SHA256: hex.EncodeToString(r.hash.Sum(nil))}
	var end fileEnd
	if err := strict(line, &end); err != nil || end != want {
		return fmt.Errorf("%w: its end does not match what comes before", ErrDamaged)
	}
	// Reading to the end of the stream is what compares gzip's own checksum.
	if n, err := io.Copy(io.Discard, r.lines); err != nil || n > 0 {
		return fmt.Errorf("%w: there is something after its end", errors.Join(ErrDamaged, err))
	}
	if _, err := r.raw.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: there is something after its end", ErrDamaged)
	}
	return nil
}

func strict(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
