package httpapi

import (
	"context"

	"parley/internal/contract"
	"parley/internal/wire"
)

// AuthOptions implements GET /api/v1/auth/options. Everybody may ask, as often as they like: it costs no query once there is an account.
func (h *handler) AuthOptions(ctx context.Context) (*contract.AuthOptions, error) {
	o, err := h.service.Options.Show(ctx)
	if err != nil {
		return nil, err
	}
	out := wire.Options(o)
	return &out, nil
}
