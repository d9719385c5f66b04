// Package config turns the environment into values, once, at start. It is the only reader of PARLEY_* settings; it
// opens nothing but secret files and knows nothing of what the values are used for.
package config

import (
	"log/slog"
	"net/netip"
	"net/url"
	"time"
)

// ExitCode is what a process whose settings are faulty ends with: EX_CONFIG of sysexits.h, which service managers
// can be told not to restart.
const ExitCode = 78

// Env is the kind of installation.
type Env string

// Development works without any setting; Production demands that what matters is said, and refuses what is weak.
const (
	Development Env = "development"
	Production  Env = "production"
)

// Config holds every setting, parsed and checked. It is plain values; whoever is given a part of it can be given
// the same part by a test.
type Config struct {
	Env Env
	// HTTPAddr and OpsAddr are host:port; OpsAddr is empty when the operators' listener is off.
	HTTPAddr, OpsAddr string
	// PublicURL is scheme and host only: no path, no trailing slash.
	PublicURL *url.URL
	DataDir   string
	Database  Database
	// DatabaseWait is how long serve waits for a database that is away at start.
	DatabaseWait time.Duration
	Redis        Redis
	// RedisPrefix is what every key and channel in Redis begins with.
	RedisPrefix string
	// Nodes is how many nodes share the database and Redis. More than one rules out what lives in one process.
	Nodes int
	// SignUp is who may make an account: open, invite or closed.
	SignUp string
	// SetupLink says that the first account needs the link that an empty server prints.
	SetupLink bool
	// CatchUpReads bounds how many reads of clients that come back are worked on at once; 0 is no bound.
	CatchUpReads int
	// SigningKeys are entries kid:seed: the first signs, the rest only verify. Empty only in development.
	SigningKeys []string
	// EncryptionKeys are entries kid:seed: the first seals, all open. Empty: nothing can be sealed, except in development, which makes one.
	EncryptionKeys []string
	// CORSOrigins are exact origins as browsers send them; in development it may be the single entry "*".
	CORSOrigins       []string
	AllowInsecureHTTP bool
	DevAutomigrate    bool
	Log               Log
	HTTP              HTTP
	Drain             Drain
	Socket            Socket
	Auth              Auth
	OIDC              OIDC
	Mail              Mail
	// Limits are the rate limits by name: post is PARLEY_LIMIT_POST.
	Limits map[string]Rate
	// TrustedProxies are believed when they say whom they speak for.
	TrustedProxies []netip.Prefix

	// Warnings are whole sentences about settings that work and should still be looked at.
	Warnings []string

	effective []effective
}

// Engine names a database engine.
type Engine string

// The engines a Database can name.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Database says where the data is: a file for SQLite, a URL (with its password) for Postgres.
type Database struct {
	Engine    Engine
	Path, URL string
}

// Redis says where Redis is. The URL may hold a password; empty means the embedded choice of a single node.
type Redis struct{ URL string }

// Memory says that there is no Redis and everything shared lives in this process.
func (r Redis) Memory() bool { return r.URL == "" }

// Log is how much is logged and in which form: text or json.
type Log struct {
	Level  slog.Level
	Format string
}

// HTTP is what one request and one connection may take.
type HTTP struct {
	BodyBytes                                             int64
	HeaderBytes                                           int
	HeaderTimeout, ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// ShutdownGrace is how long a stopping server lets requests and sockets finish.
	ShutdownGrace time.Duration
}

// Drain is how a stopping server gives its traffic to others.
type Drain struct {
	// Pause goes by between "not ready" and the end of accepting.
	Pause time.Duration
	// Spread is the time over which sockets are sent away.
	Spread time.Duration
}

// DrainSpread is the time over which sockets are sent away: none when there is no other node to go to.
func (c *Config) DrainSpread() time.Duration {
	if c.Nodes <= 1 {
		return 0
	}
	return c.Drain.Spread
}

// Socket is what one WebSocket connection may take.
type Socket struct {
	FrameBytes, QueueBytes, KernelBytes             int // KernelBytes 0: as the kernel decides
	Ping, PongTimeout, ConnectTimeout, WriteTimeout time.Duration
	// MembershipLife is how long a subscription may outlive the membership it was allowed for.
	MembershipLife time.Duration
	// PerAddress and PendingPerAddress are caps; 0 is none.
	PerAddress, PendingPerAddress int
	// PerUser is how many sockets one person may have on all nodes; 0 is any number.
	PerUser       int
	PerUserPolicy PerUserPolicy
	// TypingSigns and TypingListeners bound what signs of typing cost; 0 is no bound.
	TypingSigns, TypingListeners int
	// Rooms are those that one socket may listen to; 0 is no limit.
	Rooms int
}

// PerUserPolicy says what gives way when a person opens one socket too many.
type PerUserPolicy string

// The policies.
const (
	RefuseNewest PerUserPolicy = "refuse-newest"
	CloseOldest  PerUserPolicy = "close-oldest"
)

// Auth is how long proofs of identity live and what a password hash costs.
type Auth struct {
	AccessTTL, RefreshIdle, RefreshAbsolute time.Duration
	// ReauthenticateAfter is how old a proof of who somebody is may be for what is grave; 0: as old as the session.
	ReauthenticateAfter time.Duration
	Argon2              Argon2
}

// Argon2 is the cost of one password hash.
type Argon2 struct {
	MemoryKiB, Time uint32
	Parallelism     uint8
}
