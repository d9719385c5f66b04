package store

import (
	"context"
	"fmt"
	"time"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// ListPeople returns up to limit accounts by username, those after a name, whose username or display name contains a text.
func (s *Store) ListPeople(ctx context.Context, text, after string, limit int) ([]chat.Person, error) {
	rows, err := s.reads.ListPeople(ctx, query.ListPeopleParams{Pattern: containing(text), AfterKey: chat.Fold(after), Lim: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list people: %w", classify(err))
	}
	people := make([]chat.Person, len(rows))
	for i, r := range rows {
		people[i] = chat.Person{TwoFactor: r.TwoFactor, User: chat.User{
			ID: chat.UserID(r.ID), Username: r.Username, DisplayName: r.DisplayName, CreatedAt: fromMillis(r.CreatedAt),
			Role: chat.ServerRole(r.Role), DeactivatedAt: fromMillisOrNull(r.DeactivatedAt),
		}}
	}
	return people, nil
}

// UpdatePerson changes what somebody may do, if chat.PersonChange lets the actor, and returns the account before and after. What the actor may,
// and how many owners there are, is looked at with all other such changes waiting. Invites that the person gave out and could not give out any
// more are revoked with it.
func (s *Store) UpdatePerson(
	ctx context.Context, actor, id chat.UserID, change chat.PersonChange, at time.Time,
) (before, after chat.User, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		if _, err := q.LockAccounts(ctx); err != nil {
			return err
		}
		by := chat.User{ID: actor}
		if actor != chat.HostID {
			row, err := q.UserByID(ctx, int64(actor))
			if err != nil {
				return found(err, chat.ErrForbidden)
			}
			by = userOf(row)
		}
		row, err := q.UserByID(ctx, int64(id))
		if err != nil {
			return found(err, chat.ErrUserNotFound)
		}
		owners, err := q.CountOwners(ctx)
		if err != nil {
			return err
		}
		before = userOf(row)
		if after, err = change.Apply(by, before, owners, at); err != nil {
			return err
		}
		return updateStanding(ctx, q, after, at)
	})
	if err != nil {
		return chat.User{}, chat.User{}, fmt.Errorf("update person: %w", err)
	}
	return before, after, nil
}

func updateStanding(ctx context.Context, q *query.Queries, u chat.User, at time.Time) error {
	p := query.UpdateStandingParams{ID: int64(u.ID), Role: string(u.Role)}
	if u.Deactivated() {
		at := millis(u.DeactivatedAt)
		p.DeactivatedAt = &at
	}
	if _, err := q.UpdateStanding(ctx, p); err != nil {
		return err
	}
	keep := "" // none
	switch {
	case u.Deactivated():
	case u.Role == chat.ServerOwner:
		return nil
	case u.Role == chat.ServerAdmin:
		keep = string(chat.ServerMember)
	}
	_, err := q.RevokeInvitesOf(ctx, query.RevokeInvitesOfParams{Now: millis(at), CreatedBy: int64(u.ID), Keep: keep})
	return err
}

// DeletePerson deletes an account, if chat.CheckDeletion lets the actor, with everything that is only the account's own. The rooms that it was in lose
// a member. An account that anything that stays refers to is chat.ErrAccountInUse.
func (s *Store) DeletePerson(ctx context.Context, actor, id chat.UserID) (rooms []chat.RoomID, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		if _, err := q.LockAccounts(ctx); err != nil {
			return err
		}
		by, err := q.UserByID(ctx, int64(actor))
		if err != nil {
			return found(err, chat.ErrForbidden)
		}
		row, err := q.UserByID(ctx, int64(id))
		if err != nil {
			return found(err, chat.ErrUserNotFound)
		}
		if err := chat.CheckDeletion(userOf(by), userOf(row)); err != nil {
			return err
		}
		if rooms, err = leaveAll(ctx, q, id); err != nil {
			return err
		}
		_, err = q.DeleteUser(ctx, int64(id))
		return err
	})
	switch {
	case foreign(err):
		return nil, chat.ErrAccountInUse
	case err != nil:
		return nil, fmt.Errorf("delete person: %w", err)
	}
	return rooms, nil
}

func leaveAll(ctx context.Context, q *query.Queries, id chat.UserID) ([]chat.RoomID, error) {
	ids, err := q.ListRoomIDsOfUser(ctx, int64(id))
	if err != nil {
		return nil, err
	}
	rooms := make([]chat.RoomID, len(ids))
	for i, room := range ids {
		rooms[i] = chat.RoomID(room)
		if _, err := leave(ctx, q, rooms[i], id); err != nil {
			return nil, err
		}
	}
	return rooms, nil
}
