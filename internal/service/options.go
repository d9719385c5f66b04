package service

import (
	"context"

	"parley/internal/chat"
	"parley/internal/store"
)

// Options are the ways into this server.
type Options struct {
	store   *store.Store
	offered chat.Options // what does not change while the server runs
}

// Show returns them, to anybody.
func (o *Options) Show(ctx context.Context) (chat.Options, error) {
	options := o.offered
	inhabited, err := o.store.HasUsers(ctx)
	options.FirstAccount = !inhabited
	return options, err
}
