package service

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
)

// Invites are links that make accounts.
type Invites struct {
	store    *store.Store
	clock    chat.Clock
	options  *Options
	access   *memberships
	sessions *Sessions
}

const (
	// inviteBytes is the length of a link's secret. Nobody guesses 128 bits, and the link stays short enough to be read out.
	inviteBytes = 16
	// setupLife is how long a setup link is good. Starting the server again prints another.
	setupLife = 24 * time.Hour
)

// Create makes an invite and returns it with the secret of its link, which nobody can be told again.
func (s *Invites) Create(ctx context.Context, actor chat.Actor, in chat.NewInvite, d chat.Device) (chat.InviteView, string, error) {
	in.Note = name(in.Note)
	if err := in.Check(); err != nil {
		return chat.InviteView{}, "", err
	}
	if s.options.offered.SignUp == chat.SignUpClosed {
		return chat.InviteView{}, "", chat.ErrSignUpClosed
	}
	view := chat.InviteView{Invite: s.draft(in)}
	by, err := manager(ctx, s.store, actor)
	if err != nil {
		return chat.InviteView{}, "", fmt.Errorf("create invite: %w", err)
	}
	if !by.Role.CanInvite(in.Role) {
		return chat.InviteView{}, "", chat.ErrForbidden
	}
	if in.Role != chat.ServerMember {
		if err := s.sessions.proofs.needed(ctx, actor); err != nil {
			return chat.InviteView{}, "", err
		}
	}
	view.CreatedBy, view.Creator = actor.Recorded(), by
	if in.Room != 0 {
		room, err := s.access.view(ctx, in.Room, actor.User)
		if err != nil {
			return chat.InviteView{}, "", err
		}
		if !room.CanJoin() && !room.CanAdd(room.Membership) {
			return chat.InviteView{}, "", chat.ErrForbidden
		}
		view.RoomName = room.Name
	}
	var secret string
	if view.Invite, secret, err = s.insert(ctx, view.Invite, d); err != nil {
		return chat.InviteView{}, "", fmt.Errorf("create invite: %w", err)
	}
	return view, secret, nil
}

// Setup makes a link for the first account, which owns the server, and returns its secret.
func (s *Invites) Setup(ctx context.Context) (string, error) {
	in := chat.NewInvite{Role: chat.ServerOwner, Note: "The first account", Life: setupLife, MaxUses: 1}
	_, secret, err := s.insert(ctx, s.draft(in), chat.Device{})
	if err != nil {
		return "", fmt.Errorf("make setup link: %w", err)
	}
	return secret, nil
}

func (s *Invites) draft(in chat.NewInvite) chat.Invite {
	at := now(s.clock)
	return chat.Invite{
		Role: in.Role, Room: in.Room, Note: in.Note, CreatedAt: at, ExpiresAt: chat.Truncate(at.Add(in.Life)), MaxUses: in.MaxUses,
	}
}

func (s *Invites) insert(ctx context.Context, i chat.Invite, d chat.Device) (chat.Invite, string, error) {
	var raw [inviteBytes]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the process when the system has no randomness
	secret := base64.RawURLEncoding.EncodeToString(raw[:])
	i, err := s.store.InsertInvite(ctx, i, ticketHash(secret))
	if err != nil {
		return chat.Invite{}, "", err
	}
	s.note(live(ctx), chat.AuditInviteCreated, i.CreatedBy, i, d)
	return i, secret, nil
}

// Look returns what the holder of a link may know before they make their account, or why they cannot make one.
func (s *Invites) Look(ctx context.Context, secret string) (chat.InviteView, error) {
	view, err := s.store.InviteByHash(ctx, ticketHash(secret))
	if err != nil {
		return chat.InviteView{}, err
	}
	at := now(s.clock)
	if err := view.Usable(at); err != nil {
		return chat.InviteView{}, err
	}
	return view, s.options.mayAdmit(ctx, "", &view.Invite, at)
}

// List returns invites, the newest first, those before one, and whether there are more. Only those who manage the server see them.
func (s *Invites) List(ctx context.Context, actor chat.Actor, before chat.InviteID, limit int) ([]chat.InviteView, bool, error) {
	if _, err := manager(ctx, s.store, actor); err != nil {
		return nil, false, err
	}
	list, err := s.store.ListInvites(ctx, actor.User, before, limit+1)
	if err != nil {
		return nil, false, err
	}
	return list[:min(limit, len(list))], len(list) > limit, nil
}

// Revoke ends an invite: its link makes no more accounts. Revoking one twice is no error.
func (s *Invites) Revoke(ctx context.Context, actor chat.Actor, id chat.InviteID, d chat.Device) error {
	by, err := manager(ctx, s.store, actor)
	if err != nil {
		return err
	}
	invite, err := s.store.InviteByID(ctx, id)
	if err != nil {
		return err
	}
	if !by.Role.CanGovern(invite.Role) {
		return chat.ErrForbidden
	}
	revoked, err := s.store.RevokeInvite(ctx, id, now(s.clock))
	if err != nil || !revoked {
		return err
	}
	s.note(live(ctx), chat.AuditInviteRevoked, actor.Recorded(), invite, d)
	return nil
}

// State says what an invite is good for now.
func (s *Invites) State(i chat.Invite) error { return i.Usable(now(s.clock)) }

func (s *Invites) note(ctx context.Context, action chat.AuditAction, by chat.UserID, i chat.Invite, d chat.Device) {
	s.sessions.recordLate(ctx, d, []chat.AuditEntry{{Action: action, Actor: by, User: by, Detail: inviteDetail(i.ID, i.Role)}}, nil)
}

func inviteDetail(id chat.InviteID, role chat.ServerRole) string {
	return fmt.Sprintf("invite %d, for a new %s", id, role)
}
