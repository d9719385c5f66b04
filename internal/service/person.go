package service

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"parley/internal/chat"
	"parley/internal/store"
)

// People are the accounts of this server as those see them who take care of it.
type People struct {
	store    *store.Store
	clock    chat.Clock
	sessions *Sessions
	members  *Members
}

// manager returns the actor's account if it manages the server, as its host does, and else chat.ErrForbidden.
func manager(ctx context.Context, s *store.Store, actor chat.Actor) (chat.User, error) {
	if actor.User == chat.HostID {
		return chat.User{ID: chat.HostID, Role: chat.ServerOwner}, nil
	}
	user, err := s.UserByID(ctx, actor.User)
	switch {
	case errors.Is(err, chat.ErrUserNotFound):
		return chat.User{}, chat.ErrUnauthenticated
	case err != nil:
		return chat.User{}, err
	case user.Deactivated() || !user.Role.CanManage():
		return chat.User{}, chat.ErrForbidden
	}
	return user, nil
}

// List returns people by username, those after a name, whose username or display name contains a text, and whether there are more.
func (p *People) List(ctx context.Context, actor chat.Actor, text, after string, limit int) ([]chat.Person, bool, error) {
	if _, err := manager(ctx, p.store, actor); err != nil {
		return nil, false, err
	}
	var faults chat.Faults
	f := chat.Encoding(text)
	faults.Add("query", f.Code, f.Detail)
	f = chat.Encoding(after)
	faults.Add("after", f.Code, f.Detail)
	if err := faults.Err(); err != nil {
		return nil, false, err
	}
	list, err := p.store.ListPeople(ctx, text, after, limit+1)
	if err != nil {
		return nil, false, err
	}
	return list[:min(limit, len(list))], len(list) > limit, nil
}

// Update changes what somebody may do: their role, and whether they may sign in at all. An account that is deactivated is signed out everywhere,
// at once; what the person said stays, and so do their rooms.
func (p *People) Update(ctx context.Context, actor chat.Actor, id chat.UserID, change chat.PersonChange, d chat.Device) (chat.Person, error) {
	if err := change.Check(); err != nil {
		return chat.Person{}, err
	}
	// Asked once more in the transaction, with what is true then. Here it keeps from others whether there is such a person, and from being asked for
	// a proof first.
	if _, err := manager(ctx, p.store, actor); err != nil {
		return chat.Person{}, err
	}
	if err := p.sessions.proofs.needed(ctx, actor); err != nil {
		return chat.Person{}, err
	}
	second, err := p.sessions.proofs.asksForCode(ctx, id)
	if err != nil {
		return chat.Person{}, err
	}
	before, after, err := p.store.UpdatePerson(ctx, actor.User, id, change, now(p.clock))
	if err != nil {
		return chat.Person{}, err
	}
	ctx = live(ctx) // it is decided: what follows from it is done, whatever the caller does
	var entries []chat.AuditEntry
	if before.Role != after.Role {
		entries = append(entries, chat.AuditEntry{
			Action: chat.AuditRoleChanged, Actor: actor.Recorded(), User: id, Detail: fmt.Sprintf("%s to %s", before.Role, after.Role),
		})
	}
	if before.Role != after.Role { // the person's open pages show other things now
		p.members.publisher.Announce(chat.Event{Type: chat.EventAccountUpdated, At: now(p.clock), User: id})
	}
	if before.Deactivated() != after.Deactivated() {
		action := chat.AuditReactivated
		if after.Deactivated() {
			action = chat.AuditDeactivated
		}
		entries = append(entries, chat.AuditEntry{Action: action, Actor: actor.Recorded(), User: id})
	}
	p.sessions.recordLate(ctx, d, entries, nil)
	// Also when the account was deactivated before: ending its sessions may have failed then, at a node that has ended since.
	if after.Deactivated() {
		if err := p.sessions.endAll(ctx, actor, id, d); err != nil {
			return chat.Person{}, fmt.Errorf("sign out the deactivated: %w", err)
		}
	}
	return chat.Person{User: after, TwoFactor: second}, nil
}

// Delete deletes a deactivated account that nothing that stays refers to.
func (p *People) Delete(ctx context.Context, actor chat.Actor, id chat.UserID, d chat.Device) error {
	if _, err := manager(ctx, p.store, actor); err != nil {
		return err
	}
	if err := p.sessions.proofs.needed(ctx, actor); err != nil {
		return err
	}
	rooms, err := p.store.DeletePerson(ctx, actor.User, id)
	if err != nil {
		return err
	}
	ctx = live(ctx)
	for _, room := range rooms {
		p.members.access.forget(room, id)
		p.members.publisher.Announce(chat.Event{Type: chat.EventMemberLeft, Room: room, At: now(p.clock), User: id})
	}
	p.sessions.recordLate(ctx, d, []chat.AuditEntry{{Action: chat.AuditAccountDeleted, Actor: actor.User, User: id}}, nil)
	return nil
}

// ByUsername returns an account for the host of the server, who names people as they are called.
func (p *People) ByUsername(ctx context.Context, username string) (chat.User, error) {
	if chat.Encoding(username).Code != "" {
		return chat.User{}, chat.ErrUserNotFound
	}
	user, _, err := p.store.UserByUsername(ctx, username)
	return user, err
}

// ResetPassword gives somebody a new password that nobody has chosen, returns it, and ends their sessions. Only the host may: whoever reads the
// password can sign in as them.
func (p *People) ResetPassword(ctx context.Context, actor chat.Actor, username string) (string, error) {
	if actor.User != chat.HostID {
		return "", chat.ErrForbidden
	}
	user, old, err := p.store.UserByUsername(ctx, username)
	if err != nil {
		return "", err
	}
	password := strings.ToLower(rand.Text())
	hash, err := p.sessions.hasher.Hash(ctx, password)
	if err != nil {
		return "", fmt.Errorf("reset password: %w", err)
	}
	replaced, err := p.store.UpdatePasswordHash(ctx, user.ID, old, hash)
	switch {
	case err != nil:
		return "", fmt.Errorf("reset password: %w", err)
	case !replaced:
		return "", fmt.Errorf("reset password: %w", chat.ErrUnavailable) // somebody else has just changed it
	}
	p.sessions.recordLate(ctx, chat.Device{}, []chat.AuditEntry{{Action: chat.AuditPasswordChanged, User: user.ID, Detail: "by the host"}},
		[]chat.Notice{{Kind: chat.NoticePasswordChanged, User: user.ID}})
	p.sessions.dropLinks(ctx, user.ID)
	return password, p.sessions.endAll(ctx, actor, user.ID, chat.Device{})
}
