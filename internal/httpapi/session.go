package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/service"
	"parley/internal/wire"
)

// cookieName is the refresh token's cookie. The prefix makes browsers refuse it without Secure, with a Domain or below a path (RFC 6265bis,
// section 4.1.3.2); plain http on loopback cannot have it.
func cookieName(secure bool) string {
	if secure {
		return "__Host-parley_rt"
	}
	return "parley_rt"
}

type refreshKey struct{}

// withRefreshCookie takes the refresh token out of its cookie for the endpoints that read it, and for no other; and only where the request has the
// header that no form of another site can send.
func (h *handler) withRefreshCookie(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v1/auth/") && r.Header.Get("X-Parley") != "" {
			r = r.WithContext(context.WithValue(r.Context(), refreshKey{}, cookieOf(r, h.cookie)))
		}
		next.ServeHTTP(w, r)
	})
}

// cookieOf is the value of a request's cookie, empty without one.
func cookieOf(r *http.Request, name string) string {
	if c, err := r.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

func refreshToken(ctx context.Context) string {
	s, _ := ctx.Value(refreshKey{}).(string)
	return s
}

func (h *handler) setCookie(value string, expires time.Time) []string {
	c := http.Cookie{ //nolint:gosec // Secure is off only on plain http, where browsers would drop the cookie; config demands https in production
		Name: h.cookie, Value: value, Path: "/", Expires: expires, MaxAge: int(expires.Sub(h.clock()).Seconds()),
		Secure: h.secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
	if value == "" {
		c.Expires, c.MaxAge = time.Unix(1, 0), -1
	}
	return []string{c.String()}
}

func (h *handler) session(s service.Session) *contract.SessionHeaders {
	return &contract.SessionHeaders{
		SetCookie: h.setCookie(s.RefreshToken, s.RefreshExpires),
		Response: contract.Session{
			AccessToken: s.AccessToken, ExpiresIn: int(s.AccessExpires.Sub(h.clock()).Seconds()), User: wire.Me(s.User),
		},
	}
}

// enter answers a sign-in. It takes the place of whatever session the browser was in.
func (h *handler) enter(ctx context.Context, s service.Session) *contract.SessionHeaders {
	h.service.Sessions.Leave(ctx, refreshToken(ctx), device(ctx))
	return h.session(s)
}

// SignUp implements POST /api/v1/auth/signup.
func (h *handler) SignUp(ctx context.Context, in *contract.SignUpInput) (*contract.SessionHeaders, error) {
	s, err := h.limits.signUp(ctx, func() (service.Session, error) {
		return h.service.Sessions.SignUp(ctx, chat.SignUp{
			Username: string(in.Username), Password: in.Password, DisplayName: in.DisplayName.Value, Email: in.Email.Value,
			Invite: in.Invite.Value,
		}, device(ctx))
	})
	if err != nil {
		return nil, err
	}
	return h.enter(ctx, s), nil
}

// LogIn implements POST /api/v1/auth/login.
func (h *handler) LogIn(ctx context.Context, in *contract.LogInInput) (contract.LogInRes, error) {
	var opened service.Opened
	err := h.limits.signIn(ctx, in.Username, firstStep, func() (whole bool, err error) {
		opened, err = h.service.Sessions.Open(ctx, in.Username, in.Password, device(ctx))
		return opened.Challenge == nil, err
	})
	if err != nil {
		return nil, err
	}
	if c := opened.Challenge; c != nil {
		return &contract.SecondFactorChallenge{Ticket: c.Ticket, Methods: c.Methods, ExpiresIn: h.until(c.Expires)}, nil
	}
	return h.enter(ctx, opened.Session), nil
}

// RefreshSession implements POST /api/v1/auth/refresh.
func (h *handler) RefreshSession(ctx context.Context, _ contract.RefreshSessionParams) (contract.RefreshSessionRes, error) {
	if refreshToken(ctx) == "" {
		return &contract.RefreshSessionNoContent{}, nil
	}
	s, err := h.limits.refresh(ctx, func() (service.Session, error) {
		return h.service.Sessions.Refresh(ctx, refreshToken(ctx), device(ctx))
	})
	if err != nil {
		return nil, err
	}
	return h.session(s), nil
}

// LogOut implements POST /api/v1/auth/logout.
func (h *handler) LogOut(ctx context.Context, _ contract.LogOutParams) (*contract.LogOutNoContent, error) {
	if err := h.limits.ask(ctx, h.limits.Key("refresh", networkOf(ctx))); err != nil {
		return nil, err
	}
	if err := h.service.Sessions.Close(ctx, refreshToken(ctx), device(ctx)); err != nil {
		return nil, err
	}
	return &contract.LogOutNoContent{SetCookie: h.setCookie("", time.Time{})}, nil
}

// ListSessions implements GET /api/v1/me/sessions.
func (h *handler) ListSessions(ctx context.Context) (*contract.SessionList, error) {
	list, err := h.service.Sessions.List(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := &contract.SessionList{Items: make([]contract.DeviceSession, len(list))}
	for i, s := range list {
		out.Items[i] = wire.Session(s)
	}
	return out, nil
}

// RevokeSession implements DELETE /api/v1/me/sessions/{session_id}.
func (h *handler) RevokeSession(ctx context.Context, p contract.RevokeSessionParams) error {
	return h.service.Sessions.Revoke(ctx, actor(ctx), chat.SessionID(p.SessionID), device(ctx))
}

// RevokeAllSessions implements POST /api/v1/me/sessions/revoke-all.
func (h *handler) RevokeAllSessions(ctx context.Context, in *contract.RevokeAllInput) error {
	return h.service.Sessions.RevokeAll(ctx, actor(ctx), in.KeepCurrent, device(ctx))
}

// ChangePassword implements POST /api/v1/me/password.
func (h *handler) ChangePassword(ctx context.Context, in *contract.ChangePasswordInput) error {
	return h.service.Sessions.ChangePassword(ctx, actor(ctx), in.CurrentPassword, in.NewPassword, device(ctx))
}
