package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/service"
	"parley/internal/wire"
)

// tripCookieName is the cookie that binds a trip to a provider to the browser that it was begun in.
func tripCookieName(secure bool) string {
	if secure {
		return "__Host-parley_oidc"
	}
	return "parley_oidc"
}

// tripCookie is Lax where the refresh token's cookie is Strict: it has to be there when the provider, another site, sends the browser back.
func (h *handler) tripCookie(t service.Trip) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // Secure is off only on plain http, where browsers would drop the cookie; config demands https in production
		Name: tripCookieName(h.secure), Value: t.Secret, Path: "/", Secure: h.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(t.Life.Seconds()),
	}
	if t.Secret == "" {
		c.MaxAge, c.Expires = -1, time.Unix(1, 0)
	}
	return c
}

// identityRoutes are for browsers to be sent to: they answer with a redirect, whatever happens.
func (h *handler) identityRoutes(mux *http.ServeMux) {
	for pattern, serve := range map[string]http.HandlerFunc{
		"/auth/oidc/{provider_id}/start":    h.startTrip,
		"/auth/oidc/{provider_id}/callback": h.finishTrip,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				h.problems.methodNotAllowed(w, r, http.MethodGet)
				return
			}
			w.Header().Set("Cache-Control", "no-store")
			serve(w, r)
		})
	}
	mux.HandleFunc("/auth/", h.problems.notFound)
}

// startTrip sends a browser to a provider to sign in.
func (h *handler) startTrip(w http.ResponseWriter, r *http.Request) {
	ctx, provider := r.Context(), r.PathValue("provider_id")
	err := h.limits.ask(ctx, h.limits.Key("oidc", networkOf(ctx)))
	if err == nil {
		var trip service.Trip
		if trip, err = h.service.Identities.Begin(ctx, provider, cookieOf(r, h.cookie)); err == nil {
			http.SetCookie(w, h.tripCookie(trip))
			h.sendTo(w, trip.Location)
			return
		}
	}
	h.sendBack(w, r, err)
}

// finishTrip is where a provider sends the browser back to.
func (h *handler) finishTrip(w http.ResponseWriter, r *http.Request) {
	ctx, query := r.Context(), r.URL.Query()
	back := service.Return{
		Provider: r.PathValue("provider_id"), State: query.Get("state"), Code: query.Get("code"), Issuer: query.Get("iss"), Error: query.Get("error"),
	}
	back.Secret = cookieOf(r, tripCookieName(h.secure))
	opened, came, err := h.service.Identities.Finish(ctx, back, device(ctx))
	switch {
	case err != nil:
		h.sendBack(w, r, err)
	case came == service.Connected:
		http.SetCookie(w, h.tripCookie(service.Trip{}))
		h.sendTo(w, "/?"+url.Values{"connected": {back.Provider}}.Encode())
	case came == service.Proven:
		http.SetCookie(w, h.tripCookie(service.Trip{}))
		h.sendTo(w, "/?"+url.Values{"reauthenticated": {back.Provider}}.Encode())
	default:
		h.limits.provenHere(ctx, opened.User.Username)
		http.SetCookie(w, h.tripCookie(service.Trip{}))
		w.Header().Add("Set-Cookie", h.setCookie(opened.RefreshToken, opened.RefreshExpires)[0])
		h.sendTo(w, "/")
	}
}

// sendBack sends a browser to our own page, with the code of what went wrong. Nothing in the address is anybody else's text.
func (h *handler) sendBack(w http.ResponseWriter, r *http.Request, err error) {
	query := url.Values{"problem": {h.problems.of(r.Context(), err).Code}}
	if id := r.PathValue("provider_id"); h.service.Identities.Knows(id) {
		query.Set("provider", id)
	}
	h.sendTo(w, "/?"+query.Encode())
}

// sendTo redirects with a GET. http.Redirect would write a page around it.
func (h *handler) sendTo(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}

// ListIdentities implements GET /api/v1/me/identities.
func (h *handler) ListIdentities(ctx context.Context) (*contract.WaysIn, error) {
	ways, err := h.service.Identities.WaysIn(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := wire.WaysIn(ways, h.service.Identities.ProviderOf)
	return &out, nil
}

// LinkIdentity implements POST /api/v1/me/identities.
func (h *handler) LinkIdentity(ctx context.Context, in *contract.ProviderInput) (*contract.LinkIdentityHeaders, error) {
	trip, err := h.service.Identities.BeginLink(ctx, actor(ctx), in.ProviderID)
	return h.trip(trip, err)
}

// trip has a browser go to a provider, by a script of ours.
func (h *handler) trip(trip service.Trip, err error) (*contract.LinkIdentityHeaders, error) {
	if err != nil {
		return nil, err
	}
	return &contract.LinkIdentityHeaders{
		SetCookie: []string{h.tripCookie(trip).String()}, Response: contract.LinkIdentity{Location: trip.Location},
	}, nil
}

// UnlinkIdentity implements DELETE /api/v1/me/identities/{identity_id}.
func (h *handler) UnlinkIdentity(ctx context.Context, p contract.UnlinkIdentityParams) error {
	return h.service.Identities.Unlink(ctx, actor(ctx), chat.IdentityID(p.IdentityID), device(ctx))
}
