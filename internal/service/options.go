package service

import (
	"context"
	"time"

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

// admission is what decides about an account that is made now, with the secret of an invite or without.
func (o *Options) admission(secret string, at time.Time) chat.Admission {
	a := chat.Admission{Policy: o.offered.SignUp, Setup: o.offered.Setup, At: at}
	if secret != "" {
		a.Invite = ticketHash(secret)
	}
	return a
}

// mayAdmit says beforehand what will be said of an account: before somebody fills in a form in vain, and before a password is hashed.
func (o *Options) mayAdmit(ctx context.Context, secret string, invite *chat.Invite, at time.Time) error {
	inhabited, err := o.store.HasUsers(ctx)
	if err != nil {
		return err
	}
	a := o.admission(secret, at)
	if a.Invite != "" && invite == nil {
		view, err := o.store.InviteByHash(ctx, a.Invite)
		if err != nil {
			return err
		}
		invite = &view.Invite
		if err := invite.Usable(at); err != nil {
			return err
		}
	}
	_, err = a.Role(!inhabited, invite)
	return err
}
