package store

import (
	"context"
	"runtime"
	"sync"

	"parley/internal/chat"
)

// groupCommit writes concurrent requests of one kind together: whatever was sent while the previous commit was running goes into the next
// one as one transaction. There is no timer: a lone request does not wait, and batches grow exactly as fast as the disk is slow. So
// synchronous=FULL costs no throughput.
//
// Guarantees. A request is acknowledged after its transaction is committed. Requests of one lane are written in the order in which they
// were sent. A stop refuses what comes later and writes what was taken. The rest is up to write: it gets a batch, at least one request,
// none of them given up before, and leaves its answer or its error in each.
type groupCommit[T any] struct {
	lanes []chan *request[T]
	write func([]*request[T])
	done  sync.WaitGroup

	mu      sync.RWMutex // held for reading while a request is handed to its lane
	stopped bool
}

// maxBatch bounds one transaction, and with it the memory and the time that one commit takes.
const maxBatch = 512

// request is one thing to write on its way, and what became of it.
type request[T any] struct {
	ctx  context.Context //nolint:containedctx // carried to the lane: a request given up before its batch is skipped
	what T
	err  error
	done chan struct{}
}

func newGroupCommit[T any](lanes int, write func([]*request[T])) *groupCommit[T] {
	g := &groupCommit[T]{write: write}
	for range lanes {
		lane := make(chan *request[T], 4*maxBatch)
		g.lanes = append(g.lanes, lane)
		g.done.Go(func() { g.run(lane) })
	}
	return g
}

// do hands a request to a room's lane and waits for the commit.
func (g *groupCommit[T]) do(ctx context.Context, room chat.RoomID, what T) (T, error) {
	r := &request[T]{ctx: ctx, what: what, done: make(chan struct{})}
	var nothing T
	g.mu.RLock()
	if g.stopped {
		g.mu.RUnlock()
		return nothing, chat.ErrUnavailable
	}
	select {
	case g.lanes[uint64(room)%uint64(len(g.lanes))] <- r:
		g.mu.RUnlock()
	case <-ctx.Done():
		g.mu.RUnlock()
		return nothing, ctx.Err()
	}
	select {
	case <-r.done:
		return r.what, r.err
	case <-ctx.Done():
		return nothing, ctx.Err()
	}
}

// stop refuses further requests, writes what was taken, and returns when the lanes are empty.
func (g *groupCommit[T]) stop() {
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

func (g *groupCommit[T]) run(lane <-chan *request[T]) {
	batch := make([]*request[T], 0, maxBatch)
	for r := range lane {
		batch = gather(lane, append(batch[:0], r))
		live := batch[:0]
		for _, r := range batch {
			if r.err = r.ctx.Err(); r.err != nil {
				close(r.done)
				continue
			}
			live = append(live, r)
		}
		if len(live) > 0 {
			g.write(live)
		}
		for _, r := range live {
			close(r.done)
		}
		clear(batch)
	}
}

// gather takes what is queued in a lane, up to a full batch. Between looks it lets others run, until none of them had anything to send:
// whoever the last commit woke may be about to send again. With nobody there that takes a fraction of a microsecond.
func gather[T any](lane <-chan *request[T], batch []*request[T]) []*request[T] {
	for before := 0; len(batch) > before; {
		before = len(batch)
		runtime.Gosched()
		for queued := true; queued && len(batch) < maxBatch; {
			select {
			case r, open := <-lane:
				if queued = open; open {
					batch = append(batch, r)
				}
			default:
				queued = false
			}
		}
	}
	return batch
}
