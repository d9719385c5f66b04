package store

import (
	"context"
	"fmt"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// ListNotices returns a person's notices but those about one session, the newest first.
func (s *Store) ListNotices(ctx context.Context, user chat.UserID, but chat.SessionID) ([]chat.Notice, error) {
	rows, err := s.reads.ListNotices(ctx, query.ListNoticesParams{UserID: int64(user), SessionID: string(but)})
	if err != nil {
		return nil, fmt.Errorf("list notices: %w", classify(err))
	}
	list := make([]chat.Notice, len(rows))
	for i, r := range rows {
		list[i] = chat.Notice{
			ID: chat.NoticeID(r.ID), User: chat.UserID(r.UserID), Kind: chat.NoticeKind(r.Kind), At: fromMillis(r.At),
			Session: chat.SessionID(r.SessionID), Device: chat.Device{Agent: r.Agent, Place: r.Place},
		}
	}
	return list, nil
}

// DeleteNotice removes a person's notice unless it is about one session. One that is not there is chat.ErrNoticeNotFound.
func (s *Store) DeleteNotice(ctx context.Context, user chat.UserID, id chat.NoticeID, but chat.SessionID) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		n, err := q.DeleteNotice(ctx, query.DeleteNoticeParams{ID: int64(id), UserID: int64(user), SessionID: string(but)})
		if err == nil && n == 0 {
			return chat.ErrNoticeNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("delete notice: %w", err)
	}
	return nil
}
