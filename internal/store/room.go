package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// InsertRoom stores a new room with its creator as owner and first member. A public name that is taken is chat.ErrRoomNameTaken. When the
// creator used the creation key before, the room made then is returned and created is false.
func (s *Store) InsertRoom(ctx context.Context, r chat.Room, creationKey string) (view chat.RoomView, created bool, err error) {
	id, err := s.nextID(ctx, "rooms")
	if err != nil {
		return chat.RoomView{}, false, err
	}
	p := query.InsertRoomParams{
		ID: id, Kind: string(r.Kind), Name: r.Name, NameKey: chat.Fold(r.Name), Topic: r.Topic,
		CreatedBy: int64(r.CreatedBy), CreatedAt: millis(r.CreatedAt),
	}
	if creationKey != "" {
		p.CreationKey = &creationKey
	}
	err = s.tx(ctx, func(q *query.Queries) error {
		if err := q.InsertRoom(ctx, p); err != nil {
			return err
		}
		_, err := insertMember(ctx, q, chat.RoomID(id), r.CreatedBy, chat.RoleOwner, p.CreatedAt)
		return err
	})
	switch {
	case err == nil:
		created = true
	case creationKey != "" && violated(err) != "":
		// Either index may be the one that refused a retry, so the key decides.
		first, keyErr := s.reads.RoomIDByCreationKey(ctx, query.RoomIDByCreationKeyParams{CreatedBy: int64(r.CreatedBy), CreationKey: creationKey})
		if keyErr == nil {
			id, err = first, nil
		}
	}
	if violated(err) == "rooms_public_name" {
		return chat.RoomView{}, false, chat.ErrRoomNameTaken
	}
	if err != nil {
		return chat.RoomView{}, false, fmt.Errorf("insert room: %w", err)
	}
	view, err = s.RoomForUser(ctx, chat.RoomID(id), r.CreatedBy)
	return view, created, err
}

// RoomByID returns a room, or chat.ErrRoomNotFound.
func (s *Store) RoomByID(ctx context.Context, id chat.RoomID) (chat.Room, error) {
	r, err := s.reads.RoomByID(ctx, int64(id))
	if err != nil {
		return chat.Room{}, fmt.Errorf("room by id: %w", found(err, chat.ErrRoomNotFound))
	}
	return room(r), nil
}

// RoomForUser returns a room and what a person is in it, or chat.ErrRoomNotFound. Whether the person may see it is not decided here.
func (s *Store) RoomForUser(ctx context.Context, id chat.RoomID, user chat.UserID) (chat.RoomView, error) {
	r, err := s.reads.RoomForUser(ctx, query.RoomForUserParams{UserID: int64(user), ID: int64(id)})
	if err != nil {
		return chat.RoomView{}, fmt.Errorf("room for user: %w", found(err, chat.ErrRoomNotFound))
	}
	return chat.RoomView{Room: room(r.Room), Membership: membership(r.Role, r.LastReadNumber, r.JoinedAt)}, nil
}

// ListRooms returns every room of a person, the most recently active first.
func (s *Store) ListRooms(ctx context.Context, user chat.UserID) ([]chat.RoomView, error) {
	rows, err := s.reads.ListRoomsOfUser(ctx, int64(user))
	if err != nil {
		return nil, fmt.Errorf("list rooms: %w", classify(err))
	}
	views := make([]chat.RoomView, len(rows))
	for i := range rows {
		r := &rows[i]
		views[i] = chat.RoomView{
			Room: chat.Room{
				ID: chat.RoomID(r.ID), Name: r.Name, Kind: chat.RoomKind(r.Kind), Topic: r.Topic, CreatedBy: chat.UserID(r.CreatedBy),
				CreatedAt: fromMillis(r.CreatedAt), ActiveAt: fromMillis(r.ActiveAt),
				LastNumber: r.LastNumber, Revision: r.Revision, MemberCount: r.MemberCount,
			},
			Membership: chat.Membership{Role: chat.Role(r.Role), LastReadNumber: r.LastReadNumber, JoinedAt: fromMillis(r.JoinedAt)},
		}
	}
	slices.SortFunc(views, func(a, b chat.RoomView) int { return cmp.Or(b.ActiveAt.Compare(a.ActiveAt), cmp.Compare(a.ID, b.ID)) })
	return views, nil
}

// BrowseRooms returns up to limit public rooms by name, those after a name and whose name contains a text, and what the person is in each.
func (s *Store) BrowseRooms(ctx context.Context, user chat.UserID, text, after string, limit int) ([]chat.RoomView, error) {
	rows, err := s.reads.BrowsePublicRooms(ctx, query.BrowsePublicRoomsParams{
		UserID: int64(user), Pattern: containing(text), AfterKey: chat.Fold(after), Lim: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("browse rooms: %w", classify(err))
	}
	views := make([]chat.RoomView, 0, len(rows))
	for _, r := range rows {
		views = append(views, chat.RoomView{Room: room(r.Room), Membership: membership(r.Role, r.LastReadNumber, r.JoinedAt)})
	}
	return views, nil
}

// UpdateRoom changes a room's name or topic, which is a revision of the room, and returns it as it is then.
func (s *Store) UpdateRoom(ctx context.Context, id chat.RoomID, c chat.RoomChange) (chat.Room, error) {
	p := query.UpdateRoomParams{Name: c.Name, Topic: c.Topic, ID: int64(id)}
	if c.Name != nil {
		key := chat.Fold(*c.Name)
		p.NameKey = &key
	}
	var now query.Room
	err := s.tx(ctx, func(q *query.Queries) error {
		if _, err := q.UpdateRoom(ctx, p); err != nil {
			return err
		}
		var err error
		now, err = q.RoomByID(ctx, int64(id))
		return err
	})
	if violated(err) == "rooms_public_name" {
		return chat.Room{}, chat.ErrRoomNameTaken
	}
	if err != nil {
		return chat.Room{}, fmt.Errorf("update room: %w", found(err, chat.ErrRoomNotFound))
	}
	return room(now), nil
}

// deleteBatch is how many messages of a room are deleted at once. Others write in between.
const deleteBatch = 2000

// DeleteRoom deletes a room with its messages, which may be many: nobody is in it and nobody finds it from the first step on, then the messages go,
// the newest first, so that the rest is a whole room at every moment, then the room. Interrupted, it is finished by being called again. A room that
// is not there is chat.ErrRoomNotFound.
func (s *Store) DeleteRoom(ctx context.Context, id chat.RoomID) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		n, err := q.EmptyRoom(ctx, int64(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return chat.ErrRoomNotFound
		}
		return q.DeleteMembers(ctx, int64(id))
	})
	for left := int64(1); err == nil && left > 0; {
		err = s.tx(ctx, func(q *query.Queries) error {
			last, err := q.LastNumber(ctx, int64(id))
			if err != nil {
				return err
			}
			left = max(0, last-deleteBatch)
			if err := q.CutRoom(ctx, query.CutRoomParams{LastNumber: left, ID: int64(id)}); err != nil {
				return err
			}
			if _, err = q.DeleteMessagesAfter(ctx, query.DeleteMessagesAfterParams{RoomID: int64(id), Number: left}); err != nil || left > 0 {
				return err
			}
			_, err = q.DeleteRoom(ctx, int64(id))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("delete room: %w", found(err, chat.ErrRoomNotFound))
	}
	return nil
}

// containing is the pattern of LIKE for folded texts that have a text in them.
func containing(text string) string { return "%" + likeEscaper.Replace(chat.Fold(text)) + "%" }

// likeEscaper makes a text match itself in LIKE with the escape character '\'.
var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func room(r query.Room) chat.Room {
	return chat.Room{
		ID: chat.RoomID(r.ID), Name: r.Name, Kind: chat.RoomKind(r.Kind), Topic: r.Topic, CreatedBy: chat.UserID(r.CreatedBy),
		CreatedAt: fromMillis(r.CreatedAt), ActiveAt: fromMillis(r.ActiveAt),
		LastNumber: r.LastNumber, Revision: r.Revision, MemberCount: r.MemberCount,
	}
}

func membership(role *string, lastRead, joinedAt *int64) chat.Membership {
	if role == nil {
		return chat.Membership{}
	}
	return chat.Membership{Role: chat.Role(*role), LastReadNumber: *lastRead, JoinedAt: fromMillis(*joinedAt)}
}
