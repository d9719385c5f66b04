package service

import (
	"context"

	"parley/internal/chat"
	"parley/internal/store"
)

// Notices are what people should look at about their accounts.
type Notices struct {
	store *store.Store
}

// List returns the actor's notices, the newest first, without those about the session that asks.
func (n *Notices) List(ctx context.Context, actor chat.Actor) ([]chat.Notice, error) {
	return n.store.ListNotices(ctx, actor.User, actor.Session)
}

// Dismiss removes one of the actor's notices. One that is not there, or is about the session that asks, is chat.ErrNoticeNotFound.
func (n *Notices) Dismiss(ctx context.Context, actor chat.Actor, id chat.NoticeID) error {
	return n.store.DeleteNotice(ctx, actor.User, id, actor.Session)
}
