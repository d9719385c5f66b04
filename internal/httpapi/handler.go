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
	cookie   string
	secure   bool
	clock    chat.Clock
}

type actorKey struct{}

// HandleAccessToken authenticates a request by its bearer token. The generated server calls it before every operation that needs it.
func (h *handler) HandleAccessToken(ctx context.Context, _ contract.OperationName, t contract.AccessToken) (context.Context, error) {
	actor, _, err := h.service.Sessions.Authenticate(t.Token)
	if err != nil {
		return nil, err
	}
	return context.WithValue(ctx, actorKey{}, actor), nil
}

// actor is who the request speaks for. Without one (an operation that needs no token) it is the zero Actor, who may do nothing.
func actor(ctx context.Context) chat.Actor {
	a, _ := ctx.Value(actorKey{}).(chat.Actor)
	return a
}
