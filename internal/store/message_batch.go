package store

import (
	"context"
	"errors"
	"slices"

	"parley/internal/chat"
)

// post is a message to be stored; a batch of them shares a transaction (see groupCommit).
//
// Guarantees. Within a room the order of commits is the order of numbers, and posted is called in that order. A repeated key's message is told of
// again, out of its order: its author sends it again because they do not know, and nor do we, whether the node that stored it lived to tell. A post that cannot be
// written (its key was used, its room is gone) fails alone: the batch is halved until it is by itself. A database that is away fails the
// whole batch with chat.ErrUnavailable; whether the last transaction was committed is then unknown to us, and a retry with the same client
// key finds out.
type post struct {
	msg     chat.Message
	created bool
	again   bool // stored by an earlier try; nobody knows whether it was told of
}

// postLanes returns how many batches are written side by side. SQLite has one writer. On Postgres a second lane works while the first
// waits for the disk; more only make the batches smaller.
func (s *Store) postLanes() int {
	if s.dialect == SQLite {
		return 1
	}
	return 2
}

// writePosts stores a batch and tells of it. A post that repeats a key of the same batch gets the first one's answer, or its own chance when
// the first could not be stored: that one's fault may not be this one's.
func (s *Store) writePosts(batch []*request[post]) {
	for len(batch) > 0 {
		unique, repeated := splitTwins(batch)
		if err := s.identifyPosts(unique); err != nil {
			failPosts(unique, err)
		} else {
			s.flushPosts(unique)
		}
		s.tellPosted(unique)
		batch = batch[:0:0]
		for _, t := range repeated {
			if t.first.err != nil && !errors.Is(t.first.err, chat.ErrUnavailable) {
				batch = append(batch, t.twin)
				continue
			}
			t.twin.what.msg, t.twin.err = sameRoom(t.twin.what.msg, t.first.what.msg, t.first.err)
		}
	}
}

func (s *Store) tellPosted(posts []*request[post]) {
	stored := make([]chat.Message, 0, len(posts))
	for _, p := range posts {
		if p.what.created || p.what.again {
			stored = append(stored, p.what.msg)
		}
	}
	if len(stored) > 0 {
		s.posted(stored)
	}
}

// identifyPosts gives a batch its identifiers, ascending in the order in which the posts were sent.
func (s *Store) identifyPosts(posts []*request[post]) error {
	first, err := s.nextIDs(context.Background(), "messages", int64(len(posts)))
	for i, p := range posts {
		p.what.msg.ID = chat.MessageID(first + int64(i))
	}
	return err
}

// twins are a post and the first of its batch with the same key.
type twins struct{ twin, first *request[post] }

// splitTwins separates the posts that repeat a key of the same batch.
func splitTwins(batch []*request[post]) (unique []*request[post], repeated []twins) {
	if len(batch) < 2 {
		return batch, nil
	}
	type key struct {
		author chat.UserID
		key    string
	}
	first := make(map[key]*request[post], len(batch))
	unique = make([]*request[post], 0, len(batch))
	for _, p := range batch {
		k := key{p.what.msg.Author, p.what.msg.ClientKey}
		if f, known := first[k]; known {
			repeated = append(repeated, twins{p, f})
			continue
		}
		first[k] = p
		unique = append(unique, p)
	}
	return unique, repeated
}

// flushPosts writes posts in one transaction. When one of them is refused it halves them, so that only that one fails.
func (s *Store) flushPosts(posts []*request[post]) {
	if len(posts) == 0 {
		return
	}
	insert := s.insertPosts
	if s.dialect == Postgres {
		insert = s.insertPostsPostgres
	}
	// Not the context of any one post: the others must not fail when its author hangs up.
	err := insert(context.Background(), posts)
	switch {
	case err == nil, errors.Is(err, errNothingToInsert): // every post has its answer
		return
	case len(posts) == 1:
		s.doubtPosts(posts, err)
		s.settlePost(posts[0], err)
	case violated(err) != "" || foreign(err):
		s.flushPosts(posts[:len(posts)/2])
		s.flushPosts(posts[len(posts)/2:])
	default:
		s.doubtPosts(posts, err)
		failPosts(posts, err)
	}
}

func failPosts(posts []*request[post], err error) {
	for _, p := range posts {
		p.what.created, p.err = false, err
	}
}

// settlePost gives a refused post its answer: the message that its key stored before, or why it cannot be stored.
func (s *Store) settlePost(p *request[post], err error) {
	p.what.created, p.err = false, err
	if violated(err) != "messages_author_client_key" {
		return
	}
	ctx, cancel := s.bounded(context.Background())
	defer cancel()
	first, findErr := s.MessageByClientKey(ctx, p.what.msg.Author, p.what.msg.ClientKey)
	p.what.msg, p.err = sameRoom(p.what.msg, first, findErr)
	p.what.again = p.err == nil
}

// sameRoom answers a repeated key with the message it stored first, unless that is in another room.
func sameRoom(retry, first chat.Message, err error) (chat.Message, error) {
	switch {
	case err != nil:
		return chat.Message{}, err
	case first.Room != retry.Room:
		return chat.Message{}, chat.ErrClientKeyReused
	}
	return first, nil
}

// errNothingToInsert undoes a transaction all of whose rooms are gone; the posts have their own errors.
var errNothingToInsert = errors.New("no room of the batch exists")

// countRooms returns the rooms of a batch in the order of their ids, how many posts each has, and the place of each post in its room.
func countRooms(posts []*request[post]) (rooms, counts, places []int64) {
	places = make([]int64, len(posts))
	for i, p := range posts {
		at, known := slices.BinarySearch(rooms, int64(p.what.msg.Room))
		if !known {
			rooms, counts = slices.Insert(rooms, at, int64(p.what.msg.Room)), slices.Insert(counts, at, 0)
		}
		counts[at]++
		places[i] = counts[at]
	}
	return rooms, counts, places
}
