package store

import (
	"context"

	"parley/internal/chat"
)

// Posted is what became of one message of a batch.
type Posted struct {
	Message chat.Message
	Created bool
	Err     error
}

// InsertTogether stores messages as one batch of the group commit, which outside of a test only chance puts together.
func (s *Store) InsertTogether(list []chat.Message) []Posted {
	batch := make([]*request[post], len(list))
	for i, m := range list {
		batch[i] = &request[post]{ctx: context.Background(), what: post{msg: m}}
	}
	s.writePosts(append([]*request[post](nil), batch...))
	out := make([]Posted, len(list))
	for i, r := range batch {
		out[i] = Posted{r.what.msg, r.what.created, r.err}
	}
	return out
}

// Marked is what became of one read mark of a batch.
type Marked struct {
	Last  int64
	Moved bool
	Err   error
}

// Mark is a read mark to be moved.
type Mark struct {
	Room   chat.RoomID
	User   chat.UserID
	Number int64
}

// MarkTogether moves read marks as one batch of the group commit.
func (s *Store) MarkTogether(list []Mark) []Marked {
	batch := make([]*request[mark], len(list))
	for i, m := range list {
		batch[i] = &request[mark]{ctx: context.Background(), what: mark{reader: reader{m.Room, m.User}, number: m.Number}}
	}
	s.writeMarks(batch)
	out := make([]Marked, len(list))
	for i, r := range batch {
		out[i] = Marked{r.what.last, r.what.moved, r.err}
	}
	return out
}

// EndedForTest is what a transaction's error becomes.
func EndedForTest(ctx context.Context, err error) error { return classify(ended(ctx, err)) }
