package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// Whatever a batch mixes (rooms, authors, keys used before or twice in it, rooms and authors that do not exist), every post gets the answer
// that it would have got by itself, in the order in which they were stored. So the model posts one at a time.
func TestInsertTogether(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.IntRange(1, 12).Draw(t, "posts")
			batch := make([]chat.Message, n)
			for i := range batch {
				batch[i] = chat.Message{
					Room: rapid.SampledFrom(w.rooms).Draw(t, "room"), Author: rapid.SampledFrom(w.authors).Draw(t, "author"),
					// Few enough for twins and retries, and enough that most are new.
					ClientKey: key("k", rapid.IntRange(w.posts/2, w.posts+40).Draw(t, "key")), Body: key("body ", w.posts+i), CreatedAt: at,
				}
			}
			w.created, w.repeated, w.announced = nil, nil, nil
			answers := s.InsertTogether(batch)
			for _, i := range inOrder(answers) {
				w.check(t, batch[i], answers[i])
			}
			w.checkAnnounced(t)
			w.posts += n
		})
		w.checkStored(t, s)
	})
}

// inOrder returns the places of a batch as the model has to take them: what was stored first, by identifiers, which are handed out in the
// order in which posts were sent. Only a post that repeats the key of a refused one gets its own try after the others. What found something
// stored comes last.
func inOrder(answers []store.Posted) []int {
	places := make([]int, len(answers))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int {
		x, y := answers[a], answers[b]
		switch {
		case x.Created && y.Created:
			return int(x.Message.ID - y.Message.ID)
		case x.Created:
			return -1
		case y.Created:
			return 1
		}
		return 0
	})
	return places
}

// world is a model of the store: what is in it when posts come one at a time.
type world struct {
	rooms     []chat.RoomID // the last one does not exist
	authors   []chat.UserID // the last one does not exist
	posts     int
	byKey     map[authorKey]chat.Message
	byRoom    map[chat.RoomID][]chat.Message
	created   []chat.Message // of this batch
	repeated  []chat.Message // what this batch sent again
	announced []chat.Message // of this batch
}

type authorKey struct {
	author chat.UserID
	key    string
}

func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	w := &world{byKey: map[authorKey]chat.Message{}, byRoom: map[chat.RoomID][]chat.Message{}}
	for i := range 3 {
		w.authors = append(w.authors, newUser(t, s, key("user-", i)))
	}
	for i := range 4 {
		w.rooms = append(w.rooms, newRoom(t, s, w.authors[0], key("room-", i)))
	}
	w.rooms, w.authors = append(w.rooms, 4242), append(w.authors, 4242)
	s.OnPosted(func(list []chat.Message) { w.announced = append(w.announced, list...) })
	return w
}

// check compares one answer with the model's and moves the model on.
func (w *world) check(t *rapid.T, sent chat.Message, got store.Posted) {
	k := authorKey{sent.Author, sent.ClientKey}
	first, used := w.byKey[k]
	switch {
	case sent.Room == 4242:
		if !errors.Is(got.Err, chat.ErrRoomNotFound) && !(used && errors.Is(got.Err, chat.ErrClientKeyReused)) {
			t.Fatalf("a post to nowhere: %+v", got)
		}
	case sent.Author == 4242:
		if got.Err == nil {
			t.Fatalf("a post by nobody: %+v", got)
		}
	case used && first.Room != sent.Room:
		if !errors.Is(got.Err, chat.ErrClientKeyReused) {
			t.Fatalf("a key of another room: %+v; it belongs to %+v", got, first)
		}
	case used:
		if got.Err != nil || got.Created || got.Message != first {
			t.Fatalf("a retry: %+v; want %+v", got, first)
		}
		w.repeated = append(w.repeated, first)
	default:
		next := int64(len(w.byRoom[sent.Room]) + 1)
		sent.ID, sent.Number, sent.Revision = got.Message.ID, next, next
		if got.Err != nil || !got.Created || got.Message != sent {
			t.Fatalf("a new post: %+v; want %+v", got, sent)
		}
		w.byKey[k] = sent
		w.byRoom[sent.Room] = append(w.byRoom[sent.Room], sent)
		w.created = append(w.created, sent)
	}
}

// checkAnnounced compares what the hook was told with what was created, each for the first time in the order of numbers, and with what was sent
// again, each once at least and no more often than it was sent. Twins of one batch are told of together.
func (w *world) checkAnnounced(t *rapid.T) {
	for _, room := range w.rooms {
		in := func(list []chat.Message) []chat.Message {
			return slices.DeleteFunc(slices.Clone(list), func(m chat.Message) bool { return m.Room != room })
		}
		created, repeated := in(w.created), in(w.repeated)
		var first, again []chat.Message
		for _, m := range in(w.announced) {
			if slices.Contains(created, m) && !slices.Contains(first, m) {
				first = append(first, m)
			} else {
				again = append(again, m)
			}
		}
		if !slices.Equal(created, first) {
			t.Fatalf("room %d: announced %+v, created %+v", room, first, created)
		}
		for _, m := range repeated {
			if !slices.Contains(first, m) && !slices.Contains(again, m) {
				t.Fatalf("room %d: %+v was sent again and not announced", room, m)
			}
		}
		for _, m := range again {
			i := slices.Index(repeated, m)
			if i < 0 {
				t.Fatalf("room %d: %+v announced again more often than it was sent again", room, m)
			}
			repeated = slices.Delete(repeated, i, i+1)
		}
	}
}

func (w *world) checkStored(t *testing.T, s *store.Store) {
	t.Helper()
	for room, want := range w.byRoom {
		got, err := s.ListMessagesAfter(context.Background(), room, 0, len(want)+1)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("room %d: %d messages, %v, or not those of the model: %d", room, len(got), err, len(want))
		}
		if r, err := s.RoomByID(context.Background(), room); err != nil || r.LastNumber != int64(len(want)) || r.Revision != int64(len(want)) {
			t.Errorf("room %d is %+v, %v; refused posts must spend no number", room, r, err)
		}
	}
}
