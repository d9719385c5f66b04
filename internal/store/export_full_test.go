package store

import (
	"context"
	"fmt"
)

// LimitPages lets a SQLite file grow to a number of pages, as a disk does that is full then, and returns how many it has.
func (s *Store) LimitPages(ctx context.Context, most int) (have int, err error) {
	if _, err := s.write.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", most)); err != nil {
		return 0, err
	}
	err = s.write.QueryRowContext(ctx, "PRAGMA page_count").Scan(&have)
	return have, err
}

// ClassifyForTest and the rest give tests the classification of errors that no test can provoke from outside.
var (
	ClassifyForTest     = classify
	ClassifyOpenForTest = classifyOpen
)
