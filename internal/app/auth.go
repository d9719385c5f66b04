package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/auth"
	"parley/internal/chat"
	"parley/internal/config"
	"parley/internal/oidc"
)

// product is how browsers and authenticator apps call this server.
const product = "Parley"

// audience names what access tokens are for.
const audience = "parley"

// newTokens makes the signer of access tokens. In development, a key is made once and kept in the data directory.
func newTokens(c config.Config, clock chat.Clock) (*auth.Tokens, error) {
	keys := c.SigningKeys
	if len(keys) == 0 {
		key, err := auth.LoadOrCreateKey(filepath.Join(c.DataDir, "signing.key"))
		if err != nil {
			return nil, fmt.Errorf("make a development signing key: %w", err)
		}
		keys = []string{key}
	}
	ring, err := auth.ParseKeyRing(keys)
	if err != nil {
		return nil, fmt.Errorf("read PARLEY_AUTH_SIGNING_KEYS: %w", err)
	}
	return auth.NewTokens(ring, c.PublicURL.String(), audience, c.Auth.AccessTTL, clock), nil
}

// newVault makes what seals secrets in the database; nil without a key. In development, a key is made once and kept in the data directory.
func newVault(c config.Config) (*auth.Vault, error) {
	keys := c.EncryptionKeys
	if len(keys) == 0 {
		if c.Env == config.Production {
			return nil, nil //nolint:nilnil // no vault is no fault: it says that nothing can be sealed
		}
		key, err := auth.LoadOrCreateKey(filepath.Join(c.DataDir, "encryption.key"))
		if err != nil {
			return nil, fmt.Errorf("make a development encryption key: %w", err)
		}
		keys = []string{key}
	}
	vault, err := auth.ParseVault(keys)
	if err != nil {
		return nil, fmt.Errorf("read PARLEY_AUTH_ENCRYPTION_KEYS: %w", err)
	}
	return vault, nil
}

// resealSecrets seals with the first key what an older one sealed. It runs at each start, which is when keys have changed.
func (a *App) resealSecrets(ctx context.Context) {
	resealed, unreadable, err := a.service.TwoFactor.Reseal(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		a.log.WarnContext(ctx, "secrets of authenticator apps not sealed anew; the next start tries again", slog.Any("error", err))
	case resealed > 0:
		a.log.InfoContext(ctx, "secrets of authenticator apps sealed with the first key", slog.Int("secrets", resealed))
	}
	if unreadable > 0 {
		a.log.ErrorContext(ctx, "secrets of authenticator apps cannot be read: their key is missing from PARLEY_AUTH_ENCRYPTION_KEYS; "+
			"their owners need a recovery code to sign in", slog.Int("secrets", unreadable))
	}
}

// newHasher bounds the hashes that run at once to the processors: each takes one whole, and its memory.
func newHasher(c config.Auth) *auth.Hasher {
	return auth.NewHasher(auth.Params{
		MemoryKiB: c.Argon2.MemoryKiB, Time: c.Argon2.Time, Parallelism: c.Argon2.Parallelism,
	}, runtime.GOMAXPROCS(0))
}

// waysIn are those that the settings open.
func waysIn(c config.Config) chat.Options {
	options := chat.Options{SignUp: chat.SignUpPolicy(c.SignUp), Setup: c.SetupLink, PasswordReset: !c.Mail.Off()}
	for _, p := range c.OIDC.Providers {
		options.Providers = append(options.Providers, chat.Provider{ID: p.ID, Name: p.Name})
	}
	return options
}

// providerRoles are the roles that the settings give to providers' groups.
func providerRoles(c config.OIDC) map[string]map[string]chat.ServerRole {
	roles := map[string]map[string]chat.ServerRole{}
	for _, p := range c.Providers {
		roles[p.ID] = map[string]chat.ServerRole{}
		for group, role := range p.Roles {
			roles[p.ID][group] = chat.ServerRole(role)
		}
	}
	return roles
}

// newProviders makes the OpenID Connect providers. None of them is asked for anything at start.
func (a *App) newProviders(registry prometheus.Registerer) (map[string]*oidc.Provider, error) {
	var list []oidc.Config
	for _, p := range a.config.OIDC.Providers {
		c := oidc.Config{
			ID: p.ID, Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSecret, Scopes: p.Scopes, PrivateNetwork: p.PrivateNetwork,
			GroupsClaim: p.GroupsClaim, Redirect: a.config.PublicURL.JoinPath("auth", "oidc", p.ID, "callback").String(),
		}
		list = append(list, c)
	}
	return oidc.New(list, oidc.Deps{Clock: a.clock, Logger: a.log, Registry: registry})
}

// JoinLink is the link of an invite's secret. The secret is in the fragment, which browsers send to nobody: not to the server, whose logs and whose
// proxies' logs have addresses in them, and not in a Referer.
func JoinLink(c config.Config, secret string) string { return c.PublicURL.String() + "/join#" + secret }

// makeSetupLink makes the link for the first account of a server that has none yet.
func (a *App) makeSetupLink(ctx context.Context) error {
	if !a.config.SetupLink {
		return nil
	}
	o, err := a.service.Options.Show(ctx)
	if err != nil || !o.FirstAccount {
		return err
	}
	secret, err := a.service.Invites.Setup(ctx)
	if err != nil {
		return err
	}
	a.setupLink = JoinLink(a.config, secret)
	return nil
}

// SetupLink is where the first account of this server is made; empty when it has one, or when everybody may make it.
func (a *App) SetupLink() string { return a.setupLink }
