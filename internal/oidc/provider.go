package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/oauth2"
)

// What can go wrong with a provider. Everything else is a fault of ours.
var (
	// ErrUnavailable is a provider that cannot be reached, hangs, or answers with something else than it should.
	ErrUnavailable = errors.New("the provider is not available")
	// ErrRefused is a provider that does not take the code: it has expired, was used, or the client is not the one that it knows.
	ErrRefused = errors.New("the provider refused the code")
	// ErrNotFresh is a provider that does not show that somebody signed in there anew, though it was asked to.
	ErrNotFresh = errors.New("the provider does not say that the sign-in is a fresh one")
	// ErrUntrusted is an answer that does not prove anything: forged, for somebody else, from somebody else, too old, or of another flow.
	ErrUntrusted = errors.New("the provider's answer is not to be trusted")
)

// Config is one provider.
type Config struct {
	ID, Issuer, ClientID, ClientSecret string
	Scopes                             []string
	// GroupsClaim names the claim with the groups; empty asks for none.
	GroupsClaim string
	// Redirect is where the provider sends people back to.
	Redirect string
	// PrivateNetwork lets its endpoints be at addresses that are not public.
	PrivateNetwork bool
}

// Deps are what providers have in common.
type Deps struct {
	Clock    func() time.Time
	Logger   *slog.Logger
	Registry prometheus.Registerer
}

// Provider is somebody who can vouch for people. It is safe for concurrent use.
type Provider struct {
	Config
	client  *http.Client
	clock   func() time.Time
	log     *slog.Logger
	metrics *metrics

	turn    chan struct{} // held by who asks the provider for its addresses
	found   *discovered
	until   time.Time // found is good until then
	retryAt time.Time
}

// discovered is what a provider says of itself.
type discovered struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	// namesIssuer says that the provider puts its issuer into its answers (RFC 9207), so that one without it is not from there.
	namesIssuer bool
}

const (
	foundFor   = time.Hour
	retryAfter = 2 * time.Second
)

// New makes providers. None of them is asked for anything yet.
func New(list []Config, d Deps) (map[string]*Provider, error) {
	m, err := newMetrics(d.Registry)
	if err != nil {
		return nil, err
	}
	providers := make(map[string]*Provider, len(list))
	for _, c := range list {
		u, err := url.Parse(c.Issuer)
		if err != nil {
			return nil, fmt.Errorf("read the issuer of %s: %w", c.ID, err)
		}
		providers[c.ID] = &Provider{
			Config: c, client: newClient(u, c, m), clock: d.Clock, log: d.Logger, metrics: m, turn: make(chan struct{}, 1),
		}
	}
	return providers, nil
}

// discover returns what the provider says of itself, and asks it when that is too old. An old answer is better than none.
func (p *Provider) discover(ctx context.Context) (*discovered, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	now := p.clock()
	switch {
	case p.found != nil && now.Before(p.until):
		return p.found, nil
	case now.Before(p.retryAt) && p.found != nil:
		return p.found, nil
	case now.Before(p.retryAt):
		return nil, fmt.Errorf("%w: it was away a moment ago", ErrUnavailable)
	}
	fresh, err := p.ask(ctx)
	if err == nil {
		p.found, p.until = fresh, now.Add(foundFor)
		return fresh, nil
	}
	p.retryAt = p.clock().Add(retryAfter)
	p.log.WarnContext(ctx, "an OpenID Connect provider does not say where it is", slog.String("provider", p.ID), slog.Any("error", err))
	if p.found != nil {
		return p.found, nil
	}
	return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func (p *Provider) ask(ctx context.Context) (*discovered, error) {
	// The library compares the issuer with the one that was asked for.
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discover: %s", printable(err.Error())) // the library's text has the whole answer in it
	}
	var more struct {
		NamesIssuer bool   `json:"authorization_response_iss_parameter_supported"`
		Keys        string `json:"jwks_uri"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, fmt.Errorf("read the discovery document: %w", err)
	}
	if err := p.checkEndpoints(provider, more.Keys); err != nil {
		return nil, err
	}
	return &discovered{
		provider: provider, namesIssuer: more.NamesIssuer,
		// The library takes only algorithms with a public key, and of those only what the provider names.
		verifier: provider.Verifier(&oidc.Config{ClientID: p.ClientID, Now: p.clock}),
	}, nil
}

// checkEndpoints refuses a document that names addresses where a secret or a person would not be safe.
func (p *Provider) checkEndpoints(provider *oidc.Provider, keys string) error {
	issuer, err := url.Parse(p.Issuer)
	if err != nil {
		return err
	}
	endpoint := provider.Endpoint()
	for what, text := range map[string]string{
		"authorization_endpoint": endpoint.AuthURL, "token_endpoint": endpoint.TokenURL, "jwks_uri": keys,
		"userinfo_endpoint": provider.UserInfoEndpoint(),
	} {
		if text == "" && what == "userinfo_endpoint" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != issuer.Scheme {
			return fmt.Errorf("the discovery document has no usable %s", what)
		}
	}
	return nil
}

func (p *Provider) oauth(d *discovered) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: d.provider.Endpoint(), RedirectURL: p.Redirect, Scopes: p.Scopes,
	}
}
