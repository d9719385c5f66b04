package store

import (
	"context"
	"fmt"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// InsertIdentity stores a new identity of a person. One that opens another account is chat.ErrIdentityTaken; a second one of the same issuer is
// chat.ErrIssuerTaken.
func (s *Store) InsertIdentity(ctx context.Context, i chat.Identity) (chat.Identity, error) {
	p, err := s.identityParams(ctx, i)
	if err != nil {
		return chat.Identity{}, err
	}
	if err := s.tx(ctx, func(q *query.Queries) error { return q.InsertIdentity(ctx, p) }); err != nil {
		return chat.Identity{}, fmt.Errorf("insert identity: %w", identityError(err))
	}
	i.ID = chat.IdentityID(p.ID)
	return i, nil
}

// InsertUserWithIdentity stores a new account that nobody has a password of, and what opens it, together or not at all, when the admission lets
// it in.
func (s *Store) InsertUserWithIdentity(ctx context.Context, u chat.User, i chat.Identity, a chat.Admission) (chat.User, error) {
	p, err := s.identityParams(ctx, i)
	if err != nil {
		return chat.User{}, err
	}
	done, err := s.admitUser(ctx, u, "", a, func(q *query.Queries, id int64) error {
		p.UserID = id
		return q.InsertIdentity(ctx, p)
	})
	return done.User, identityError(err)
}

func (s *Store) identityParams(ctx context.Context, i chat.Identity) (query.InsertIdentityParams, error) {
	id, err := s.nextID(ctx, "identities")
	return query.InsertIdentityParams{
		ID: id, UserID: int64(i.User), Issuer: i.Issuer, Subject: i.Subject, Label: i.Label, LinkedAt: millis(i.LinkedAt), UsedAt: millis(i.UsedAt),
	}, err
}

func identityError(err error) error {
	switch violated(err) {
	case "identities_subject":
		return chat.ErrIdentityTaken
	case "identities_user":
		return chat.ErrIssuerTaken
	}
	return err
}

// UseIdentity returns an identity that somebody has just proven, with the time and the label of now. One that opens no account is
// chat.ErrIdentityNotFound.
func (s *Store) UseIdentity(ctx context.Context, i chat.Identity) (known chat.Identity, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		row, err := q.UseIdentity(ctx, query.UseIdentityParams{UsedAt: millis(i.UsedAt), Label: i.Label, Issuer: i.Issuer, Subject: i.Subject})
		if err != nil {
			return found(err, chat.ErrIdentityNotFound)
		}
		known = identityOf(row)
		return nil
	})
	if err != nil {
		return chat.Identity{}, fmt.Errorf("use identity: %w", err)
	}
	return known, nil
}

// WaysIn returns how a person can get into their account.
func (s *Store) WaysIn(ctx context.Context, user chat.UserID) (chat.WaysIn, error) {
	rows, err := s.reads.ListIdentities(ctx, int64(user))
	if err != nil {
		return chat.WaysIn{}, fmt.Errorf("list identities: %w", classify(err))
	}
	ways := chat.WaysIn{Identities: make([]chat.Identity, len(rows))}
	for n, row := range rows {
		ways.Identities[n] = identityOf(row)
	}
	if ways.Password, err = s.reads.HasPassword(ctx, int64(user)); err != nil {
		return chat.WaysIn{}, fmt.Errorf("look for a password: %w", found(err, chat.ErrUserNotFound))
	}
	return ways, nil
}

// DeleteIdentity removes an identity of a person and returns it. One that is not theirs is chat.ErrIdentityNotFound, and the last way into their
// account chat.ErrLastWayIn. Two that are removed at once wait for each other.
func (s *Store) DeleteIdentity(ctx context.Context, user chat.UserID, id chat.IdentityID, open chat.WaysOpen) (gone chat.Identity, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		if _, err := q.LockUser(ctx, int64(user)); err != nil {
			return err
		}
		row, err := q.DeleteIdentity(ctx, query.DeleteIdentityParams{ID: int64(id), UserID: int64(user)})
		if err != nil {
			return found(err, chat.ErrIdentityNotFound)
		}
		gone = identityOf(row)
		if !open.Opens(gone) { // what was no way in can always go
			return nil
		}
		return keepsAWayIn(ctx, q, user, open)
	})
	if err != nil {
		return chat.Identity{}, fmt.Errorf("delete identity: %w", err)
	}
	return gone, nil
}

// keepsAWayIn refuses what has just taken the last way into an account. The person's row is locked before. What the server does not open any more,
// such as an identity at a provider that it no longer knows, is no way.
func keepsAWayIn(ctx context.Context, q *query.Queries, user chat.UserID, open chat.WaysOpen) error {
	password, err := q.HasPassword(ctx, int64(user))
	if err != nil || password {
		return err
	}
	if open.Passkeys {
		if n, err := q.CountPasskeys(ctx, int64(user)); err != nil || n > 0 {
			return err
		}
	}
	rows, err := q.ListIdentities(ctx, int64(user))
	if err != nil {
		return err
	}
	for _, row := range rows {
		if open.Opens(identityOf(row)) {
			return nil
		}
	}
	return chat.ErrLastWayIn
}

func identityOf(r query.Identity) chat.Identity {
	return chat.Identity{
		ID: chat.IdentityID(r.ID), User: chat.UserID(r.UserID), Issuer: r.Issuer, Subject: r.Subject, Label: r.Label,
		LinkedAt: fromMillis(r.LinkedAt), UsedAt: fromMillis(r.UsedAt),
	}
}
