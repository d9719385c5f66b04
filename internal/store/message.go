package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// InsertMessage stores a message durably under the next number and revision of its room and returns it; concurrent calls share a
// transaction (see post). When the author used the client key before, the message stored then is returned and created is false; a
// key used in another room is chat.ErrClientKeyReused. Given up by ctx, the message may be stored all the same: retry with the same key.
func (s *Store) InsertMessage(ctx context.Context, m chat.Message) (stored chat.Message, created bool, err error) {
	p, err := s.posts.do(ctx, m.Room, post{msg: m})
	if err != nil {
		return chat.Message{}, false, fmt.Errorf("insert message: %w", err)
	}
	return p.msg, p.created, nil
}

// MessageByClientKey returns the message an author stored under a key, or chat.ErrMessageNotFound.
func (s *Store) MessageByClientKey(ctx context.Context, author chat.UserID, key string) (chat.Message, error) {
	r, err := s.reads.MessageByClientKey(ctx, query.MessageByClientKeyParams{AuthorID: int64(author), ClientKey: key})
	if err != nil {
		return chat.Message{}, found(err, chat.ErrMessageNotFound)
	}
	return message(r), nil
}

// MessageByNumber returns a message, tombstones included, or chat.ErrMessageNotFound.
func (s *Store) MessageByNumber(ctx context.Context, room chat.RoomID, number int64) (chat.Message, error) {
	r, err := s.reads.MessageByNumber(ctx, query.MessageByNumberParams{RoomID: int64(room), Number: number})
	if err != nil {
		return chat.Message{}, fmt.Errorf("message by number: %w", found(err, chat.ErrMessageNotFound))
	}
	return message(r), nil
}

// ListMessagesBefore returns the newest messages below a number, at most limit, ascending.
func (s *Store) ListMessagesBefore(ctx context.Context, room chat.RoomID, before int64, limit int) ([]chat.Message, error) {
	rows, err := s.reads.ListMessagesBefore(ctx, query.ListMessagesBeforeParams{RoomID: int64(room), Before: before, Lim: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", classify(err))
	}
	slices.Reverse(rows)
	return messages(rows), nil
}

// ListMessagesAfter returns the oldest messages above a number, at most limit, ascending.
func (s *Store) ListMessagesAfter(ctx context.Context, room chat.RoomID, after int64, limit int) ([]chat.Message, error) {
	rows, err := s.reads.ListMessagesAfter(ctx, query.ListMessagesAfterParams{RoomID: int64(room), After: after, Lim: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", classify(err))
	}
	return messages(rows), nil
}

// ListChanges returns the current state of the messages whose latest change is newer than a revision, ascending by revision, at most limit.
func (s *Store) ListChanges(ctx context.Context, room chat.RoomID, since int64, limit int) ([]chat.Message, error) {
	rows, err := s.reads.ListChanges(ctx, query.ListChangesParams{RoomID: int64(room), Since: since, Lim: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list changes: %w", classify(err))
	}
	return messages(rows), nil
}

// EditMessage replaces a message's text as the room's next revision and returns it as it is then. A tombstone is chat.ErrMessageDeleted.
func (s *Store) EditMessage(ctx context.Context, room chat.RoomID, number int64, body string, at time.Time) (chat.Message, error) {
	return s.changeMessage(ctx, room, number, func(q *query.Queries, revision int64) (int64, error) {
		ms := millis(at)
		return q.EditMessage(ctx, query.EditMessageParams{Body: body, Now: &ms, Revision: revision, RoomID: int64(room), Number: number})
	})
}

// DeleteMessage leaves a tombstone of a message as the room's next revision and returns it. A tombstone is chat.ErrMessageDeleted.
func (s *Store) DeleteMessage(ctx context.Context, room chat.RoomID, number int64, at time.Time) (chat.Message, error) {
	return s.changeMessage(ctx, room, number, func(q *query.Queries, revision int64) (int64, error) {
		ms := millis(at)
		return q.DeleteMessage(ctx, query.DeleteMessageParams{Now: &ms, Revision: revision, RoomID: int64(room), Number: number})
	})
}

// changeMessage takes the room's next revision and applies a change under it. No row changed means the message was deleted, and then the
// revision must not be spent: the transaction is undone.
func (s *Store) changeMessage(ctx context.Context, room chat.RoomID, number int64, change func(*query.Queries, int64) (int64, error)) (chat.Message, error) {
	var row query.Message
	err := s.tx(ctx, func(q *query.Queries) error {
		revision, err := q.NextRevision(ctx, int64(room))
		if err != nil {
			return err
		}
		n, err := change(q, revision)
		if err != nil {
			return err
		}
		if row, err = q.MessageByNumber(ctx, query.MessageByNumberParams{RoomID: int64(room), Number: number}); err == nil && n == 0 {
			return chat.ErrMessageDeleted
		}
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Message{}, chat.ErrMessageNotFound
	}
	if err != nil {
		return chat.Message{}, fmt.Errorf("change message: %w", err)
	}
	return message(row), nil
}

func message(r query.Message) chat.Message {
	return chat.Message{
		ID: chat.MessageID(r.ID), Room: chat.RoomID(r.RoomID), Number: r.Number, Revision: r.Revision, Author: chat.UserID(r.AuthorID),
		Body: r.Body, ClientKey: r.ClientKey,
		CreatedAt: fromMillis(r.CreatedAt), EditedAt: fromMillisOrNull(r.EditedAt), DeletedAt: fromMillisOrNull(r.DeletedAt),
	}
}

func messages(rows []query.Message) []chat.Message {
	list := make([]chat.Message, 0, len(rows))
	for _, r := range rows {
		list = append(list, message(r))
	}
	return list
}
