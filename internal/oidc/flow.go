package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Flow is what has to be kept between sending somebody to the provider and their return, where only the server can read it.
type Flow struct {
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // PKCE: whoever has the code alone can do nothing with it
	// Fresh is since when the person has to have signed in there, in seconds of Unix; 0: whenever they did.
	Fresh int64 `json:"fresh,omitempty"`
}

// Person is who the provider says somebody is.
type Person struct {
	Issuer, Subject string // together they are one person for ever
	Username, Name  string
	Email           string // empty unless the provider has verified it
	Groups          []string
}

// clockSkew is how far a provider's clock may be from ours.
const clockSkew = time.Minute

// Start returns the address to send somebody to, and what Finish needs. The state comes back with the answer. Fresh has the person sign in there
// anew, also when they are signed in (OpenID Connect Core, section 3.1.2.1): a provider that was sent a max_age has to say when that was.
func (p *Provider) Start(ctx context.Context, state string, fresh bool) (string, Flow, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return "", Flow{}, err
	}
	flow := Flow{Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	options := []oauth2.AuthCodeOption{oidc.Nonce(flow.Nonce), oauth2.S256ChallengeOption(flow.Verifier)}
	if fresh {
		flow.Fresh = p.clock().Add(-clockSkew).Unix()
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return p.oauth(d).AuthCodeURL(state, options...), flow, nil
}

// Finish trades the code for proof of who somebody is. The issuer is what the answer's address says it is from, empty when it does not say.
func (p *Provider) Finish(ctx context.Context, flow Flow, code, issuer string) (Person, error) {
	person, err := p.finish(ctx, flow, code, issuer)
	outcome := "proven"
	switch {
	case errors.Is(err, ErrUnavailable):
		outcome = "unavailable"
	case errors.Is(err, ErrRefused):
		outcome = "refused"
	case err != nil:
		outcome = "untrusted"
	}
	p.metrics.flows.WithLabelValues(p.ID, outcome).Inc()
	return person, err
}

func (p *Provider) finish(ctx context.Context, flow Flow, code, issuer string) (Person, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return Person{}, err
	}
	if issuer != p.Issuer && (issuer != "" || d.namesIssuer) {
		return Person{}, fmt.Errorf("%w: it is from %q", ErrUntrusted, issuer)
	}
	client := oidc.ClientContext(ctx, p.client)
	token, err := p.oauth(d).Exchange(client, code, oauth2.VerifierOption(flow.Verifier))
	if err != nil {
		return Person{}, exchangeError(ctx, err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return Person{}, fmt.Errorf("%w: there is no ID token", ErrUntrusted)
	}
	id, err := d.verifier.Verify(client, raw)
	if err != nil {
		// The library keeps this error's text only. A provider whose keys cannot be had has forged nothing.
		if away(ctx, err) || strings.Contains(err.Error(), "fetching keys") {
			return Person{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return Person{}, fmt.Errorf("%w: %w", ErrUntrusted, err)
	}
	claims, err := p.check(id, flow)
	if err != nil {
		return Person{}, err
	}
	if d.provider.UserInfoEndpoint() != "" {
		more, err := userInfo(client, d.provider, token, id)
		if err != nil {
			return Person{}, err
		}
		maps.Copy(more, claims) // what is signed for this flow counts more
		claims = more
	}
	return p.person(id, claims), nil
}

// exchangeError tells a provider that says no from one that is not there.
func exchangeError(ctx context.Context, err error) error {
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode < 500 {
		// Only the code of the refusal: the library's text has the whole answer, which is the provider's to choose.
		return fmt.Errorf("%w: %d %s", ErrRefused, answer.Response.StatusCode, printable(answer.ErrorCode))
	}
	if away(ctx, err) || errors.As(err, &answer) {
		return fmt.Errorf("%w: trade the code: %s", ErrUnavailable, printable(err.Error()))
	}
	return fmt.Errorf("%w: trade the code: %s", ErrUntrusted, printable(err.Error()))
}

const (
	maxSubject = 255 // OpenID Connect Core, section 2
	maxGroups  = 1000
	maxText    = 512
)

// check judges what the library leaves to its caller.
func (p *Provider) check(id *oidc.IDToken, flow Flow) (map[string]any, error) {
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return nil, fmt.Errorf("%w: read the claims: %w", ErrUntrusted, err)
	}
	party, hasParty := claims["azp"]
	switch {
	case flow.Nonce == "" || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(flow.Nonce)) != 1:
		return nil, fmt.Errorf("%w: it is of another flow", ErrUntrusted)
	case id.Subject == "" || len(id.Subject) > maxSubject || !utf8.ValidString(id.Subject) || strings.ContainsRune(id.Subject, 0):
		return nil, fmt.Errorf("%w: its subject can name nobody", ErrUntrusted)
	case hasParty && party != p.ClientID, len(id.Audience) > 1 && !hasParty:
		return nil, fmt.Errorf("%w: it was made for another client", ErrUntrusted)
	}
	if at, is := claims["auth_time"].(float64); flow.Fresh > 0 && (!is || int64(at) < flow.Fresh) {
		return nil, fmt.Errorf("%w: auth_time is %v", ErrNotFresh, claims["auth_time"])
	}
	return claims, nil
}

// userInfo asks for claims that are not in the ID token. An answer about somebody else is refused (OpenID Connect Core, section 5.3.4).
func userInfo(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, id *oidc.IDToken) (map[string]any, error) {
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUntrusted, err)
		}
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, fmt.Errorf("%w: ask about the person: %s", ErrUnavailable, printable(err.Error()))
	}
	if info.Subject != id.Subject {
		return nil, fmt.Errorf("%w: the answer is about somebody else", ErrUntrusted)
	}
	claims := map[string]any{}
	if err := info.Claims(&claims); err != nil {
		return nil, fmt.Errorf("%w: read the claims: %w", ErrUntrusted, err)
	}
	return claims, nil
}

func (p *Provider) person(id *oidc.IDToken, claims map[string]any) Person {
	who := Person{
		Issuer: id.Issuer, Subject: id.Subject, Username: text(claims["preferred_username"]), Name: text(claims["name"]),
		Groups: list(lookUp(claims, p.GroupsClaim)),
	}
	// Some providers write "true" as a text.
	if verified := claims["email_verified"]; verified == true || verified == "true" {
		who.Email = text(claims["email"])
	}
	return who
}

// lookUp finds a claim by its name, or by a path with dots, as in realm_access.roles.
func lookUp(claims map[string]any, name string) any {
	if v, there := claims[name]; there || name == "" {
		return v
	}
	first, rest, nested := strings.Cut(name, ".")
	inner, is := claims[first].(map[string]any)
	if !nested || !is {
		return nil
	}
	return lookUp(inner, rest)
}

// list reads a claim that is one text or many.
func list(v any) []string {
	if one, is := v.(string); is && one != "" {
		return []string{one}
	}
	var texts []string
	many, _ := v.([]any)
	for _, entry := range many[:min(len(many), maxGroups)] {
		if s, is := entry.(string); is && s != "" {
			texts = append(texts, s)
		}
	}
	return slices.Clip(texts)
}

// text is a claim that people may read; one that is no text, or a huge one, counts as missing.
func text(v any) string {
	s, _ := v.(string)
	if len(s) > maxText || !utf8.ValidString(s) {
		return ""
	}
	return strings.TrimSpace(s)
}

// printable keeps a provider's text in a log to one short line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s[:min(len(s), 200)])
}
