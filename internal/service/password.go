package service

import (
	"context"
	"fmt"

	"parley/internal/chat"
)

// ChangePassword gives the actor a new password and ends their other sessions: whoever knew the old one is out.
func (s *Sessions) ChangePassword(ctx context.Context, actor chat.Actor, current, next string, d chat.Device) error {
	user, err := s.users.Me(ctx, actor)
	if err != nil {
		return err
	}
	if err := newPassword("new_password", next, user); err != nil {
		return err
	}
	_, hash, err := s.store.UserByUsername(ctx, user.Username)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	ok, _, err := s.hasher.Verify(ctx, hash, current)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	switch {
	case hash == "": // an account without a password gets its first one
		if err := s.proofs.needed(ctx, actor); err != nil {
			return fmt.Errorf("change password: %w", err)
		}
	case !ok:
		return chat.ErrWrongPassword
	}
	fresh, err := s.hasher.Hash(ctx, next)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	replaced, err := s.store.UpdatePasswordHash(ctx, actor.User, hash, fresh)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	if !replaced { // somebody else has changed it since it was checked
		return chat.ErrWrongPassword
	}
	// From here on the password is another one, whatever the caller does.
	ctx = live(ctx)
	s.recordLate(ctx, d,
		[]chat.AuditEntry{{Action: chat.AuditPasswordChanged, Actor: actor.User, User: actor.User, Session: actor.Session}},
		[]chat.Notice{{Kind: chat.NoticePasswordChanged, User: actor.User, Session: actor.Session}})
	s.dropLinks(ctx, actor.User)
	return s.RevokeAll(ctx, actor, true, d)
}
