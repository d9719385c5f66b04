package store

import (
	"context"
	"fmt"
	"sync"

	"parley/internal/store/query"
)

// blockSize is how many identifiers are taken from the database at once. A restart wastes what is left of a block, which is harmless:
// identifiers are unique, not contiguous.
const blockSize = 1000

// block hands out the identifiers of one noun: [next, end).
type block struct {
	mu        sync.Mutex
	noun      string
	next, end int64
}

// nextID returns a new identifier of a noun. It must not be called inside a transaction: with one writer it would wait for itself.
func (s *Store) nextID(ctx context.Context, noun string) (int64, error) {
	b := s.ids[noun]
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == b.end {
		err := s.tx(ctx, func(q *query.Queries) error {
			end, err := q.TakeBlock(ctx, query.TakeBlockParams{Name: noun, Size: blockSize})
			b.next, b.end = end-blockSize, end
			return err
		})
		if err != nil {
			b.next, b.end = 0, 0
			return 0, fmt.Errorf("take a block of %s ids: %w", noun, err)
		}
	}
	b.next++
	return b.next - 1, nil
}
