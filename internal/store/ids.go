package store

import (
	"context"
	"fmt"

	"parley/internal/store/query"
)

// blockSize is how many identifiers are taken from the database at once. A restart wastes what is left of a block, which is harmless:
// identifiers are unique, not contiguous. Messages take more at a time: at ten thousand posts a second every block is a commit for which
// a batch waits.
const (
	blockSize        = 1000
	messageBlockSize = 20_000
)

// block hands out the identifiers of one noun: [next, end).
type block struct {
	turn      chan struct{} // held by the one caller who looks; a mutex would make everybody wait for a database that hangs, one after the other
	noun      string
	size      int64
	next, end int64
}

// nextID returns a new identifier of a noun.
func (s *Store) nextID(ctx context.Context, noun string) (int64, error) {
	return s.nextIDs(ctx, noun, 1)
}

// nextIDs returns the first of n new identifiers in a row, at most a block. It must not be called inside a transaction: with one writer it
// would wait for itself.
func (s *Store) nextIDs(ctx context.Context, noun string, n int64) (int64, error) {
	b := s.ids[noun]
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return 0, fmt.Errorf("take a block of %s ids: %w", noun, classify(ctx.Err()))
	}
	if b.end-b.next < n {
		err := s.tx(ctx, func(q *query.Queries) error {
			end, err := q.TakeBlock(ctx, query.TakeBlockParams{Name: noun, Size: b.size})
			b.next, b.end = end-b.size, end
			return err
		})
		if err != nil {
			b.next, b.end = 0, 0
			return 0, fmt.Errorf("take a block of %s ids: %w", noun, err)
		}
	}
	b.next += n
	return b.next - n, nil
}
