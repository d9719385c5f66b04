package store

import (
	"errors"

	"parley/internal/chat"
)

// OnDoubt sets the function that is told of posts of which the database did not say whether it stored them: the connection ended between the
// commit and its answer. It must be quick. Call it once, before the first post.
func (s *Store) OnDoubt(f func([]chat.Message)) { s.doubted = f }

// doubtPosts tells of posts that failed, if they may be stored all the same.
func (s *Store) doubtPosts(posts []*request[post], err error) {
	if !errors.Is(err, chat.ErrUnavailable) {
		return
	}
	list := make([]chat.Message, len(posts))
	for i, p := range posts {
		list[i] = p.what.msg
	}
	s.doubted(list)
}
