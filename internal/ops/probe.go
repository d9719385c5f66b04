package ops

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"sync"
	"syscall"
	"time"
)

// probe runs one check, at most once at a time.
type probe struct {
	check Check
	now   func() time.Time

	mu     sync.Mutex
	flight *flight // nil while nothing is under way
}

// flight is one run of a check. err and latency may be read once done is closed.
type flight struct {
	ctx     context.Context //nolint:containedctx // it carries the deadline that late joiners of the run share
	started time.Time
	done    chan struct{}
	err     error
	latency time.Duration
}

// ask joins the run that is under way or starts one, and waits for it no longer than the check's timeout.
func (p *probe) ask(ctx context.Context) healthCheck {
	if p.check.Probe == nil {
		return healthCheck{Status: statusNotConfigured}
	}
	f := p.join(ctx)
	select {
	case <-f.done:
	case <-f.ctx.Done():
	case <-ctx.Done():
	}
	// Asked again, because a run that ends closes done and ends its context, and select picks either.
	select {
	case <-f.done:
		return result(f.err, f.latency)
	default:
		return result(context.DeadlineExceeded, p.now().Sub(f.started))
	}
}

func (p *probe) join(ctx context.Context) *flight {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.flight != nil {
		return p.flight
	}
	// Without the request's cancellation: others may wait for the same run.
	runCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.check.Timeout)
	f := &flight{ctx: runCtx, started: p.now(), done: make(chan struct{})}
	p.flight = f
	go func() {
		defer cancel()
		err := guard(runCtx, p.check.Probe)
		p.mu.Lock()
		defer p.mu.Unlock()
		f.err, f.latency = err, p.now().Sub(f.started)
		p.flight = nil
		close(f.done)
	}()
	return f
}

// guard turns a panic into an error: a broken probe says "failed" and does not take the server down.
func guard(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("probe panicked: %v", cause)
		}
	}()
	return run(ctx)
}

func result(err error, latency time.Duration) healthCheck {
	// Microseconds are more than enough, and a clock set back must not show a negative time.
	ms := math.Round(max(0, latency.Seconds())*1e6) / 1e3
	if err == nil {
		return healthCheck{Status: statusOK, LatencyMS: &ms}
	}
	return healthCheck{Status: statusFailed, LatencyMS: &ms, Error: classify(err)}
}

// classify reduces an error to words that are safe to show to anybody.
func classify(err error) string {
	var netError net.Error
	var dnsError *net.DNSError
	var opError *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netError) && netError.Timeout():
		return "timed out"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.As(err, &dnsError), errors.As(err, &opError) && opError.Op == "dial",
		errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "unreachable"
	}
	return "failed"
}
