package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/rueidis"

	"parley/internal/chat"
	"parley/internal/config"
	"parley/internal/httpapi"
	"parley/internal/limit"
	"parley/internal/ops"
	"parley/internal/passkey"
	"parley/internal/realtime"
	"parley/internal/service"
	"parley/internal/store"
	"parley/internal/telemetry"
	"parley/internal/wsapi"
)

// Options are what a server is made from besides its settings.
type Options struct {
	Config config.Config
	Logger *slog.Logger
	Web    fs.FS      // the built web client
	Clock  chat.Clock // nil: the machine's
	// RedisTimeout is how long Redis may take to answer; zero is what people can wait for.
	RedisTimeout time.Duration
}

// App is a running server.
type App struct {
	config  config.Config
	log     *slog.Logger
	clock   chat.Clock
	health  *ops.Health
	store   *store.Store
	node    *realtime.Node
	service *service.Service
	budgets limit.Budgets
	people  *wsapi.People

	setupLink string

	redis        rueidis.Client // nil without Redis
	redisTimeout time.Duration

	public, ops     *http.Server
	publicAt, opsAt net.Listener
	background      sync.WaitGroup
	stopBackground  context.CancelFunc
	closeBudgets    func() // nil without Redis
	failed          chan error
	draining        prometheus.Gauge
	registry        *prometheus.Registry // what /metrics shows
	stopOnce        sync.Once
	stopErr         error
}

// Start brings a server up: database, then listeners, then everything between. When it returns, the server answers. What was started is
// stopped again when a later step fails.
func Start(ctx context.Context, o Options) (*App, error) {
	a := &App{config: o.Config, log: o.Logger, clock: o.Clock, redisTimeout: cmp.Or(o.RedisTimeout, redisTimeout), failed: make(chan error, 2)}
	if a.clock == nil {
		a.clock = time.Now //nolint:forbidigo // the one place where the real clock enters
	}
	if err := a.start(ctx, o); err != nil {
		return nil, errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	return a, nil
}

func (a *App) start(ctx context.Context, o Options) (err error) {
	if err := a.openServing(ctx); err != nil {
		return err
	}
	if !a.config.Redis.Memory() {
		if a.redis, err = openRedis(ctx, a.config, a.redisTimeout, a.log); err != nil {
			return err
		}
	}
	// The listeners are opened before anything is served, so that a port that is taken is an error at start, and before anything is wired,
	// because only an open listener knows which port it got.
	if err := a.listen(ctx); err != nil {
		return err
	}
	registry := telemetry.NewRegistry()
	a.registry = registry
	if err := errors.Join(a.makeBudgets(ctx, registry), a.makePeople(registry)); err != nil {
		return err
	}
	if err := a.wire(registry); err != nil {
		return err
	}
	if err := a.registerDrain(registry); err != nil {
		return err
	}
	// Before the first request: a session that ended while this node was down has ended here too.
	if err := untilThere(ctx, a.config.DatabaseWait, a.log, a.service.Sessions.CatchUp); err != nil {
		return err
	}
	if err := a.makeSetupLink(ctx); err != nil {
		return err
	}
	a.health = a.newHealth()
	catchUps, err := limit.NewGate("parley_catch_up_reads", a.config.CatchUpReads, catchUpWait, a.clock, registry)
	if err != nil {
		return fmt.Errorf("register the metrics of catching up: %w", err)
	}
	public, err := httpapi.New(httpapi.Options{
		Service: a.service, Socket: a.node, Live: a.health.Live(), Ready: a.health.Ready(), Web: o.Web, Logger: a.log, Clock: a.clock,
		Timeout: requestTimeout, BodyBytes: a.config.HTTP.BodyBytes, Secure: a.config.PublicURL.Scheme == "https", Origins: exact(a.config.CORSOrigins),
		Budgets: a.budgets, Proxies: a.config.TrustedProxies, Registry: registry, CatchUps: catchUps,
	})
	if err != nil {
		return fmt.Errorf("make the HTTP door: %w", err)
	}
	if err := a.node.Start(); err != nil {
		return err
	}
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.stopBackground = cancel
	a.background.Go(func() { a.sweepSessions(background) })
	a.background.Go(func() { a.catchUpWithSessions(background) })
	a.background.Go(func() { a.people.Run(background) })
	a.background.Go(func() { a.service.Doubts.Run(background) })
	a.background.Go(func() { a.resealSecrets(background) })
	a.background.Go(func() { a.sendMails(background) })
	a.public = a.serve(a.publicAt, public)
	if a.opsAt != nil {
		a.ops = a.serve(a.opsAt, ops.NewHandler(a.health, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), true))
	}
	return nil
}

// wire makes the layers between the database and the doors.
func (a *App) wire(registry *prometheus.Registry) error {
	tokens, err := newTokens(a.config, a.clock)
	if err != nil {
		return err
	}
	providers, err := a.newProviders(registry)
	if err != nil {
		return err
	}
	mails, err := a.mailDeps(registry)
	if err != nil {
		return err
	}
	vault, err := newVault(a.config)
	if err != nil {
		return err
	}
	passkeys, err := passkey.New(a.config.PublicURL, product)
	if err != nil {
		return err
	}
	typing, err := wsapi.NewTyping(wsapi.TypingConfig{
		Signs: a.config.Socket.TypingSigns, Listeners: a.config.Socket.TypingListeners, Clock: a.clock, Registry: registry,
	})
	if err != nil {
		return err
	}
	publisher := wsapi.NewPublisher(typing)
	policy := sessionPolicy(a.config.Auth)
	a.service = service.New(service.Deps{
		Store: a.store, Hasher: newHasher(a.config.Auth), Tokens: tokens, Publisher: publisher, Clock: a.clock, Logger: a.log,
		Sessions: policy, ReauthenticateAfter: a.config.Auth.ReauthenticateAfter, Keeper: a.sessionKeeper(policy), Options: waysIn(a.config),
		Providers: providers, ProviderSignUp: chat.ProviderSignUp(a.config.OIDC.SignUp), ProviderRoles: providerRoles(a.config.OIDC),
		Vault: vault, Passkeys: passkeys, Issuer: product + " " + a.config.PublicURL.Hostname(),
		Mail: mails,
	})
	s := a.config.Socket
	a.node, err = realtime.New(realtime.Config{
		FrameBytes: s.FrameBytes, QueueBytes: s.QueueBytes, Ping: s.Ping, Pong: s.PongTimeout, ConnectTimeout: s.ConnectTimeout,
		KernelBytes: s.KernelBytes, WriteTimeout: s.WriteTimeout, PerAddress: s.PerAddress, PendingPerAddress: s.PendingPerAddress,
		CommandTimeout: commandTimeout, MembershipLife: s.MembershipLife, MaxRooms: s.Rooms,
		Broker:      realtime.BrokerConfig{Redis: a.redis, Prefix: a.config.RedisPrefix},
		CheckOrigin: checkOrigin(a.config.PublicURL, exact(a.config.CORSOrigins)),
		Registry:    registry, Logger: a.log, Clock: a.clock, Greeting: wsapi.Greeting(a.store.History()),
	}, wsapi.New(a.service, a.budgets, a.people, a.log, a.clock).Handlers())
	if err != nil {
		return err
	}
	publisher.Bind(a.node)
	a.people.Bind(a.node)
	return nil
}

const (
	requestTimeout = 10 * time.Second // a request over HTTP; twice what the database may take, for those that ask it twice
	commandTimeout = 10 * time.Second
	catchUpWait    = 2 * time.Second // for a place among the reads of those who come back; they are told to try later then
)

// Addr is where the server listens, as host:port.
func (a *App) Addr() string { return a.publicAt.Addr().String() }

// OpsAddr is where the operators' listener is; empty when it is off.
func (a *App) OpsAddr() string {
	if a.opsAt == nil {
		return ""
	}
	return a.opsAt.Addr().String()
}

// Failed delivers the error of a listener that stopped by itself.
func (a *App) Failed() <-chan error { return a.failed }
