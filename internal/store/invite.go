package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// InsertInvite stores an invite under the hash of its secret and returns it with its id. That its creator may give it out is looked at in the
// same transaction: whoever has just lost the right leaves nothing behind. A room that does not exist is chat.ErrRoomNotFound.
func (s *Store) InsertInvite(ctx context.Context, i chat.Invite, tokenHash string) (chat.Invite, error) {
	id, err := s.nextID(ctx, "invites")
	if err != nil {
		return chat.Invite{}, err
	}
	i.ID = chat.InviteID(id)
	p := query.InsertInviteParams{
		ID: id, TokenHash: tokenHash, Role: string(i.Role), Note: i.Note, CreatedBy: userOrNull(i.CreatedBy), CreatedAt: millis(i.CreatedAt),
		ExpiresAt: millis(i.ExpiresAt), MaxUses: i.MaxUses,
	}
	if i.Room != 0 {
		room := int64(i.Room)
		p.RoomID = &room
	}
	err = s.tx(ctx, func(q *query.Queries) error {
		if err := mayInvite(ctx, q, i); err != nil {
			return err
		}
		return q.InsertInvite(ctx, p)
	})
	switch {
	case foreign(err):
		return chat.Invite{}, chat.ErrRoomNotFound
	case err != nil:
		return chat.Invite{}, fmt.Errorf("insert invite: %w", err)
	}
	return i, nil
}

func mayInvite(ctx context.Context, q *query.Queries, i chat.Invite) error {
	if i.CreatedBy == 0 {
		return nil
	}
	if _, err := q.LockAccounts(ctx); err != nil {
		return err
	}
	row, err := q.UserByID(ctx, int64(i.CreatedBy))
	if err != nil {
		return found(err, chat.ErrForbidden)
	}
	if u := userOf(row); u.Deactivated() || !u.Role.CanInvite(i.Role) {
		return chat.ErrForbidden
	}
	return nil
}

// InviteByHash returns the invite of a secret with the names that its holder may know, or chat.ErrInviteNotFound.
func (s *Store) InviteByHash(ctx context.Context, tokenHash string) (chat.InviteView, error) {
	row, err := s.reads.InviteByHash(ctx, tokenHash)
	if err != nil {
		return chat.InviteView{}, fmt.Errorf("invite by hash: %w", found(err, chat.ErrInviteNotFound))
	}
	names, err := s.reads.InviteNames(ctx, row.ID)
	if err != nil {
		return chat.InviteView{}, fmt.Errorf("names of invite: %w", found(err, chat.ErrInviteNotFound))
	}
	return inviteView(row, names.Username, names.DisplayName, names.RoomName), nil
}

// InviteByID returns an invite, or chat.ErrInviteNotFound.
func (s *Store) InviteByID(ctx context.Context, id chat.InviteID) (chat.Invite, error) {
	row, err := s.reads.InviteByID(ctx, int64(id))
	if err != nil {
		return chat.Invite{}, fmt.Errorf("invite by id: %w", found(err, chat.ErrInviteNotFound))
	}
	return inviteOf(row), nil
}

// ListInvites returns up to limit invites, the newest first, those before one; 0 begins at the newest. The name of a private room is only there
// when the viewer is in it.
func (s *Store) ListInvites(ctx context.Context, viewer chat.UserID, before chat.InviteID, limit int) ([]chat.InviteView, error) {
	if before == 0 {
		before = chat.MaxInteger
	}
	rows, err := s.reads.ListInvites(ctx, query.ListInvitesParams{Viewer: int64(viewer), Before: int64(before), Lim: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list invites: %w", classify(err))
	}
	list := make([]chat.InviteView, len(rows))
	for i, r := range rows {
		list[i] = inviteView(r.Invite, r.Username, r.DisplayName, r.RoomName)
	}
	return list, nil
}

// RevokeInvite ends an invite; revoked is false when it was revoked before.
func (s *Store) RevokeInvite(ctx context.Context, id chat.InviteID, at time.Time) (revoked bool, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		n, err := q.RevokeInvite(ctx, query.RevokeInviteParams{ID: int64(id), Now: millis(at)})
		revoked = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("revoke invite: %w", err)
	}
	return revoked, nil
}

// takeInvite takes one use of the admission's invite, or says what became of it.
func takeInvite(ctx context.Context, q *query.Queries, a chat.Admission) (chat.Invite, error) {
	row, err := q.TakeInvite(ctx, query.TakeInviteParams{TokenHash: a.Invite, Now: millis(a.At)})
	if err == nil {
		return inviteOf(row), nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return chat.Invite{}, err
	}
	row, err = q.InviteByHash(ctx, a.Invite)
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Invite{}, chat.ErrInviteNotFound
	}
	if err != nil {
		return chat.Invite{}, err
	}
	if err := inviteOf(row).Usable(a.At); err != nil {
		return chat.Invite{}, err
	}
	return chat.Invite{}, chat.ErrInviteSpent // it was spent when it was taken, and somebody else has just given their use back
}

// acceptInvite writes down who came by an invite and brings them into its room, if it still leads there.
func acceptInvite(ctx context.Context, q *query.Queries, i chat.Invite, u chat.User) (joined chat.RoomID, err error) {
	at := millis(u.CreatedAt)
	if err := q.InsertInviteUse(ctx, query.InsertInviteUseParams{UserID: int64(u.ID), InviteID: int64(i.ID), UsedAt: at}); err != nil || i.Room == 0 {
		return 0, err
	}
	reaches, err := q.InviteReaches(ctx, query.InviteReachesParams{RoomID: int64(i.Room), CreatedBy: int64(i.CreatedBy)})
	if err != nil || !reaches {
		return 0, err
	}
	_, err = insertMember(ctx, q, i.Room, u.ID, chat.RoleMember, at)
	return i.Room, err
}

func inviteOf(r query.Invite) chat.Invite {
	i := chat.Invite{
		ID: chat.InviteID(r.ID), Role: chat.ServerRole(r.Role), Note: r.Note, CreatedAt: fromMillis(r.CreatedAt), ExpiresAt: fromMillis(r.ExpiresAt),
		RevokedAt: fromMillisOrNull(r.RevokedAt), MaxUses: r.MaxUses, Uses: r.Uses,
	}
	if r.RoomID != nil {
		i.Room = chat.RoomID(*r.RoomID)
	}
	if r.CreatedBy != nil {
		i.CreatedBy = chat.UserID(*r.CreatedBy)
	}
	return i
}

func inviteView(r query.Invite, username, displayName, roomName *string) chat.InviteView {
	i := inviteOf(r)
	return chat.InviteView{
		Invite: i, RoomName: orEmpty(roomName),
		Creator: chat.User{ID: i.CreatedBy, Username: orEmpty(username), DisplayName: orEmpty(displayName)},
	}
}
