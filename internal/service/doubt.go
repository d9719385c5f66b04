package service

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
)

// Doubts are changes of messages of which the database did not say whether it stored them: the connection ended between the commit and its
// answer. Nobody was told of such a change, and its author may never try again. So it is looked for, and told of when it is there.
type Doubts struct {
	store     *store.Store
	publisher Publisher
	noted     chan struct{}
	mu        sync.Mutex
	open      map[string]*doubt
}

// doubt is one change. look returns the message once the change is in it.
type doubt struct {
	look  func(context.Context) (m chat.Message, there bool, err error)
	looks int // how often the database has answered that it is not there
	due   int // in how many rounds it is looked for again
}

// doubtPauses are the rounds between two looks: what was on its way to the database may arrive long after its sender gave it up.
var doubtPauses = []int{1, 2, 4, 8, 16, 32}

const (
	doubtEvery = time.Second
	// mostDoubts bounds what is remembered. They come by the batch and only while a database fails.
	mostDoubts = 1 << 14
)

func newDoubts(s *store.Store, p Publisher) *Doubts {
	return &Doubts{store: s, publisher: p, noted: make(chan struct{}, 1), open: map[string]*doubt{}}
}

// Run looks for what is in doubt until ctx ends.
func (d *Doubts) Run(ctx context.Context) {
	rounds := time.NewTicker(doubtEvery)
	defer rounds.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.noted:
		}
		for d.round(ctx) {
			select {
			case <-ctx.Done():
				return
			case <-rounds.C:
			}
		}
	}
}

// round looks for what is due and reports whether anything is left.
func (d *Doubts) round(ctx context.Context) (left bool) {
	due := map[string]*doubt{}
	d.mu.Lock()
	for key, o := range d.open {
		if o.due--; o.due <= 0 {
			due[key] = o
		}
	}
	d.mu.Unlock()
	for key, o := range due {
		m, there, err := o.look(ctx)
		switch {
		case errors.Is(err, chat.ErrUnavailable) || ctx.Err() != nil:
			return true // the rest would have to wait as long
		case there:
			d.publisher.Announce(currentEvent(m))
			d.settle(key, o)
		case o.looks == len(doubtPauses):
			d.settle(key, o)
		default:
			o.due = doubtPauses[o.looks]
			o.looks++
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.open) > 0
}

func (d *Doubts) settle(key string, o *doubt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open[key] == o { // else there is a new one about the same
		delete(d.open, key)
	}
}

func (d *Doubts) note(key string, look func(context.Context) (chat.Message, bool, error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.open[key]; known || len(d.open) < mostDoubts {
		d.open[key] = &doubt{look: look}
	}
	select {
	case d.noted <- struct{}{}:
	default:
	}
}

// posts notes posts that may be stored.
func (d *Doubts) posts(list []chat.Message) {
	for _, m := range list {
		d.note(fmt.Sprintf("post %d %s", m.Author, m.ClientKey), func(ctx context.Context) (chat.Message, bool, error) {
			found, err := d.store.MessageByClientKey(ctx, m.Author, m.ClientKey)
			return found, err == nil, err
		})
	}
}

// change notes an edit, or with no body a deletion, that may be stored.
func (d *Doubts) change(m chat.Message, body string, err error) {
	if !errors.Is(err, chat.ErrUnavailable) {
		return
	}
	d.note(fmt.Sprintf("change %d", m.ID), func(ctx context.Context) (chat.Message, bool, error) {
		found, err := d.store.MessageByNumber(ctx, m.Room, m.Number)
		return found, err == nil && found.Revision > m.Revision && (found.Deleted() || found.Body == body), err
	})
}

// currentEvent tells of a message what was done to it last. It may have been told before: by its revision a client knows.
func currentEvent(m chat.Message) chat.Event {
	switch {
	case m.Deleted():
		return messageEvent(chat.EventMessageDeleted, m, m.DeletedAt)
	case !m.EditedAt.IsZero():
		return messageEvent(chat.EventMessageEdited, m, m.EditedAt)
	}
	return messageEvent(chat.EventMessagePosted, m, m.CreatedAt)
}
