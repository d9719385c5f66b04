package httpapi

import (
	"context"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/limit"
	"parley/internal/service"
)

// handler implements contract.Handler: each method decodes, calls the service and encodes.
type handler struct {
	service  *service.Service
	problems *problems
	limits   *limits
	catchUps *limit.Gate
	cookie   string
	secure   bool
	clock    chat.Clock
}

type actorKey struct{}

// HandleAccessToken authenticates a request by its bearer token, and takes it from the person's budget. The generated server calls it before
// every operation that needs it, and before it reads the body.
func (h *handler) HandleAccessToken(ctx context.Context, operation contract.OperationName, t contract.AccessToken) (context.Context, error) {
	actor, _, err := h.service.Sessions.Authenticate(t.Token)
	if err != nil {
		return nil, err
	}
	if err := h.limits.person(ctx, actor, operation); err != nil {
		return nil, err
	}
	return context.WithValue(ctx, actorKey{}, actor), nil
}

// actor is who the request speaks for. Without one (an operation that needs no token) it is the zero Actor, who may do nothing.
func actor(ctx context.Context) chat.Actor {
	a, _ := ctx.Value(actorKey{}).(chat.Actor)
	return a
}

// catchUp takes a place among the reads with which clients make good for what they missed. A whole community that comes back at once asks for
// these and for nothing else; without the bound, everybody else's requests would wait behind them.
func (h *handler) catchUp(ctx context.Context) (leave func(), err error) {
	leave, after, entered := h.catchUps.Enter(ctx, int64(actor(ctx).User))
	if !entered {
		turnAway(ctx)
		return nil, chat.Busy(after)
	}
	return leave, nil
}

// history names what the revisions in an answer belong to.
func (h *handler) history() contract.History { return contract.History(h.service.History) }
