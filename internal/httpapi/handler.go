package httpapi

import (
	"context"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/service"
)

// handler implements contract.Handler: each method decodes, calls the service and encodes.
type handler struct {
	service  *service.Service
	problems *problems
	limits   *limits
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
