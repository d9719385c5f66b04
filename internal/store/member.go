package store

import (
	"context"
	"fmt"
	"time"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// InsertMember puts a person into a room; joined is false when they were in it already. What was said before counts as read. A person
// or a room that does not exist is chat.ErrUserNotFound or chat.ErrRoomNotFound.
func (s *Store) InsertMember(ctx context.Context, id chat.RoomID, user chat.UserID, role chat.Role, at time.Time) (m chat.Member, joined bool, err error) {
	var row query.MemberByIDRow
	err = s.tx(ctx, func(q *query.Queries) (err error) {
		if joined, err = insertMember(ctx, q, id, user, role, millis(at)); err != nil {
			return err
		}
		row, err = q.MemberByID(ctx, query.MemberByIDParams{RoomID: int64(id), UserID: int64(user)})
		return err
	})
	switch {
	case foreign(err):
		return chat.Member{}, false, chat.ErrUserNotFound
	case err != nil:
		return chat.Member{}, false, fmt.Errorf("insert member: %w", found(err, chat.ErrRoomNotFound))
	}
	return member(query.ListMembersRow(row)), joined, nil
}

func insertMember(ctx context.Context, q *query.Queries, id chat.RoomID, user chat.UserID, role chat.Role, at int64) (bool, error) {
	n, err := q.InsertMember(ctx, query.InsertMemberParams{RoomID: int64(id), UserID: int64(user), Role: string(role), JoinedAt: at})
	if err != nil || n == 0 {
		return false, err
	}
	return true, q.CountMember(ctx, query.CountMemberParams{Delta: 1, ID: int64(id)})
}

// DeleteMember takes a person out of a room; left is false when they were not in it. When the last owner leaves, the room passes to
// whoever has been in it longest.
func (s *Store) DeleteMember(ctx context.Context, id chat.RoomID, user chat.UserID) (left bool, err error) {
	err = s.tx(ctx, func(q *query.Queries) (err error) {
		left, err = leave(ctx, q, id, user)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("delete member: %w", err)
	}
	return left, nil
}

func leave(ctx context.Context, q *query.Queries, id chat.RoomID, user chat.UserID) (left bool, err error) {
	n, err := q.DeleteMember(ctx, query.DeleteMemberParams{RoomID: int64(id), UserID: int64(user)})
	if err != nil || n == 0 {
		return false, err
	}
	if err := q.CountMember(ctx, query.CountMemberParams{Delta: -1, ID: int64(id)}); err != nil {
		return false, err
	}
	return true, q.PassOwnership(ctx, int64(id))
}

// ListMembers returns up to limit members of a room by id, those after a person.
func (s *Store) ListMembers(ctx context.Context, id chat.RoomID, after chat.UserID, limit int) ([]chat.Member, error) {
	rows, err := s.reads.ListMembers(ctx, query.ListMembersParams{RoomID: int64(id), After: int64(after), Lim: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list members: %w", classify(err))
	}
	members := make([]chat.Member, 0, len(rows))
	for _, r := range rows {
		members = append(members, member(r))
	}
	return members, nil
}

func member(r query.ListMembersRow) chat.Member {
	return chat.Member{
		User: chat.User{ID: chat.UserID(r.ID), Username: r.Username, DisplayName: r.DisplayName, DeactivatedAt: fromMillisOrNull(r.DeactivatedAt)},
		Role: chat.Role(r.Role), JoinedAt: fromMillis(r.JoinedAt),
	}
}
