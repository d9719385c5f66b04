package store

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/go-faster/jx"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// groupCommit writes concurrent posts together: whatever was sent while the previous commit was running goes into the next one as one
// transaction. There is no timer: a lone post does not wait, and batches grow exactly as fast as the disk is slow. So synchronous=FULL
// costs no throughput.
//
// Guarantees. A post is acknowledged after its transaction is committed. Within a room the order of commits is the order of numbers, and
// posted is called in that order. A post that cannot be written (its key was used, its room is gone) fails alone: the batch is halved until
// it is by itself. A database that is away fails the whole batch with chat.ErrUnavailable; whether the last transaction was committed is
// then unknown to us, and a retry with the same client key finds out.
type groupCommit struct {
	store  *Store
	lanes  []chan *post
	posted func([]chat.Message)
	done   sync.WaitGroup

	mu      sync.RWMutex // held for reading while a post is handed to its lane
	stopped bool
}

// maxBatch bounds one transaction, and with it the memory and the time that one commit takes.
const maxBatch = 512

// post is one message on its way, and what became of it.
type post struct {
	ctx     context.Context //nolint:containedctx // carried to the lane: a post given up before its batch is skipped
	msg     chat.Message
	created bool
	err     error
	done    chan struct{}
}

// lanes returns how many batches are written side by side. SQLite has one writer. On Postgres a second lane works while the first
// waits for the disk; more only make the batches smaller.
func (s *Store) lanes() int {
	if s.dialect == SQLite {
		return 1
	}
	return 2
}

func newGroupCommit(s *Store, lanes int) *groupCommit {
	g := &groupCommit{store: s, posted: func([]chat.Message) {}}
	for range lanes {
		lane := make(chan *post, 4*maxBatch)
		g.lanes = append(g.lanes, lane)
		g.done.Go(func() { g.run(lane) })
	}
	return g
}

// insert hands a message to its room's lane and waits for the commit.
func (g *groupCommit) insert(ctx context.Context, m chat.Message) (chat.Message, bool, error) {
	p := &post{ctx: ctx, msg: m, done: make(chan struct{})}
	g.mu.RLock()
	if g.stopped {
		g.mu.RUnlock()
		return chat.Message{}, false, chat.ErrUnavailable
	}
	select {
	case g.lanes[uint64(m.Room)%uint64(len(g.lanes))] <- p:
		g.mu.RUnlock()
	case <-ctx.Done():
		g.mu.RUnlock()
		return chat.Message{}, false, ctx.Err()
	}
	select {
	case <-p.done:
		return p.msg, p.created, p.err
	case <-ctx.Done():
		return chat.Message{}, false, ctx.Err()
	}
}

// stop refuses further posts, writes what was taken, and returns when the lanes are empty.
func (g *groupCommit) stop() {
	g.mu.Lock()
	if !g.stopped {
		g.stopped = true
		for _, lane := range g.lanes {
			close(lane)
		}
	}
	g.mu.Unlock()
	g.done.Wait()
}

func (g *groupCommit) run(lane <-chan *post) {
	batch := make([]*post, 0, maxBatch)
	for p := range lane {
		batch = append(batch[:0], p)
	gather:
		for len(batch) < maxBatch {
			select {
			case p, open := <-lane:
				if !open {
					break gather
				}
				batch = append(batch, p)
			default:
				break gather
			}
		}
		g.write(batch)
		clear(batch)
	}
}

// write stores a batch, tells of it, and acknowledges every post in it.
func (g *groupCommit) write(batch []*post) {
	batch = slices.DeleteFunc(batch, func(p *post) bool {
		if p.err = p.ctx.Err(); p.err != nil {
			close(p.done)
		}
		return p.err != nil
	})
	unique, twins := splitTwins(batch)
	g.flush(unique)
	stored := make([]chat.Message, 0, len(unique))
	for _, p := range unique {
		if p.created {
			stored = append(stored, p.msg)
		}
	}
	if len(stored) > 0 {
		g.posted(stored)
	}
	for twin, first := range twins {
		twin.msg, twin.err = sameRoom(twin.msg, first.msg, first.err)
	}
	for _, p := range batch {
		close(p.done)
	}
}

// splitTwins separates the posts that repeat a key of the same batch: they get the first one's answer.
func splitTwins(batch []*post) (unique []*post, twins map[*post]*post) {
	if len(batch) < 2 {
		return batch, nil
	}
	type key struct {
		author chat.UserID
		key    string
	}
	first := make(map[key]*post, len(batch))
	unique = make([]*post, 0, len(batch))
	for _, p := range batch {
		k := key{p.msg.Author, p.msg.ClientKey}
		if f, twin := first[k]; twin {
			if twins == nil {
				twins = map[*post]*post{}
			}
			twins[p] = f
			continue
		}
		first[k] = p
		unique = append(unique, p)
	}
	return unique, twins
}

// flush writes posts in one transaction. When one of them is refused it halves them, so that only that one fails.
func (g *groupCommit) flush(posts []*post) {
	if len(posts) == 0 {
		return
	}
	// Not the context of any one post: the others must not fail when its author hangs up.
	err := g.store.insertBatch(context.Background(), posts)
	switch {
	case err == nil, errors.Is(err, errNothingToInsert): // every post has its answer
		return
	case len(posts) == 1:
		g.settle(posts[0], err)
	case violated(err) != "" || foreign(err):
		g.flush(posts[:len(posts)/2])
		g.flush(posts[len(posts)/2:])
	default:
		for _, p := range posts {
			p.created, p.err = false, err
		}
	}
}

// settle gives a refused post its answer: the message that its key stored before, or why it cannot be stored.
func (g *groupCommit) settle(p *post, err error) {
	p.created, p.err = false, err
	if violated(err) != "messages_author_client_key" {
		return
	}
	first, findErr := g.store.messageByClientKey(context.Background(), p.msg.Author, p.msg.ClientKey)
	p.msg, p.err = sameRoom(p.msg, first, findErr)
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

// insertBatch writes posts in one transaction and sets their numbers and revisions. Posts to a room that does not exist get their error
// here and do not spoil the others.
func (s *Store) insertBatch(ctx context.Context, posts []*post) error {
	return s.tx(ctx, func(q *query.Queries) error {
		rooms, err := q.ReserveNumbers(ctx, query.ReserveNumbersParams{Now: millis(posts[len(posts)-1].msg.CreatedAt), Batch: roomsJSON(posts)})
		if err != nil {
			return err
		}
		if err := assign(posts, rooms); err != nil {
			return err
		}
		return q.InsertMessages(ctx, messagesJSON(posts))
	})
}

// assign gives the posts of each room the numbers and revisions that were reserved for it, in the order in which they were sent.
func assign(posts []*post, rooms []query.ReserveNumbersRow) error {
	last := make(map[chat.RoomID]query.ReserveNumbersRow, len(rooms))
	for _, r := range rooms {
		last[chat.RoomID(r.ID)] = r
	}
	for _, p := range slices.Backward(posts) {
		r, exists := last[p.msg.Room]
		if !exists {
			p.created, p.err = false, chat.ErrRoomNotFound
			continue
		}
		p.msg.Number, p.msg.Revision = r.LastNumber, r.Revision
		p.created, p.err = true, nil
		r.LastNumber--
		r.Revision--
		last[p.msg.Room] = r
	}
	if len(rooms) == 0 {
		return errNothingToInsert
	}
	return nil
}

// errNothingToInsert undoes a transaction all of whose rooms are gone; the posts have their own errors.
var errNothingToInsert = errors.New("no room of the batch exists")

func roomsJSON(posts []*post) string {
	var e jx.Encoder
	e.ArrStart()
	for _, p := range posts {
		e.ObjStart()
		e.FieldStart("r")
		e.Int64(int64(p.msg.Room))
		e.ObjEnd()
	}
	e.ArrEnd()
	return e.String()
}

func messagesJSON(posts []*post) string {
	var e jx.Encoder
	e.ArrStart()
	for _, p := range posts {
		if !p.created {
			continue
		}
		e.ObjStart()
		e.FieldStart("i")
		e.Int64(int64(p.msg.ID))
		e.FieldStart("r")
		e.Int64(int64(p.msg.Room))
		e.FieldStart("n")
		e.Int64(p.msg.Number)
		e.FieldStart("v")
		e.Int64(p.msg.Revision)
		e.FieldStart("a")
		e.Int64(int64(p.msg.Author))
		e.FieldStart("k")
		e.Str(p.msg.ClientKey)
		e.FieldStart("b")
		e.Str(p.msg.Body)
		e.FieldStart("t")
		e.Int64(millis(p.msg.CreatedAt))
		e.ObjEnd()
	}
	e.ArrEnd()
	return e.String()
}
