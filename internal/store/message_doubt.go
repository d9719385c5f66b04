package store

import (
	"errors"
	"sync"

	"parley/internal/chat"
)

// doubts are posts of which the database did not say whether it stored them: the connection ended between the commit and its answer. Nobody was
// told of such a message. When its author sends it again and it turns out to be there, that is made good; without it, readers would see the message
// with the room's next one only. What is sent again at another node, or after a restart, still waits for that.
type doubts struct {
	mu    sync.Mutex
	posts map[postKey]struct{}
}

type postKey struct {
	author chat.UserID
	key    string
}

// mostDoubts bounds them. They come by the batch and only while a database fails.
const mostDoubts = 1 << 14

func keyOf(p *request[post]) postKey { return postKey{p.what.msg.Author, p.what.msg.ClientKey} }

// add takes note of posts that failed.
func (d *doubts) add(posts []*request[post], err error) {
	if !errors.Is(err, chat.ErrUnavailable) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.posts == nil {
		d.posts = map[postKey]struct{}{}
	}
	for _, p := range posts {
		if len(d.posts) < mostDoubts {
			d.posts[keyOf(p)] = struct{}{}
		}
	}
}

// settle ends the doubt about a post and reports whether there was one.
func (d *doubts) settle(p *request[post]) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, doubted := d.posts[keyOf(p)]
	delete(d.posts, keyOf(p))
	return doubted
}
