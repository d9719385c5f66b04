package config

import (
	"slices"
	"time"
)

// Setting describes one variable. Default is what holds in development; Production is the default there when it is
// another one. Required means that production does not start before it is said.
type Setting struct {
	Name, Default, Production, Description string
	Required                               bool
	// Secret settings can also be given as NAME_FILE, and are never shown.
	Secret bool
}

// Settings returns every setting in the order in which the documentation lists them.
func Settings() []Setting {
	var settings []Setting
	for _, row := range table(&Config{}) {
		settings = append(settings, row.Setting)
	}
	return settings
}

// row is a setting with the way its text gets into the Config.
type row struct {
	Setting
	parse parser
	// show is what may be printed of the text; nil shows it whole.
	show func(string) string
}

// table is the whole list of settings: a new one is one entry here and one field in Config. Later entries may use
// what earlier ones have put into c.
func table(c *Config) []row {
	return slices.Concat(placeTable(c), limitTable(c), socketTable(c), stopTable(c), rateTable(c), authTable(c), oidcTable(c), mailTable(c))
}

func placeTable(c *Config) []row {
	return []row{
		{Setting: Setting{
			Name: "PARLEY_ENV", Default: "development",
			Description: "development, which works without any setting, or production, which refuses what is missing or weak.",
		}, parse: choice(&c.Env, Development, Production)},
		{Setting: Setting{
			Name: "PARLEY_HTTP_ADDR", Default: "127.0.0.1:8080",
			Description: "host:port on which people are served.",
		}, parse: address(&c.HTTPAddr)},
		{Setting: Setting{
			Name: "PARLEY_OPS_ADDR", Default: "127.0.0.1:9090",
			Description: "host:port for operators (health, metrics, profiles), or off. It asks for no password: keep it private.",
		}, parse: opsAddress(&c.OpsAddr)},
		{Setting: Setting{
			Name: "PARLEY_PUBLIC_URL", Required: true,
			Description: "The address people type, such as https://chat.example.org. In development it follows PARLEY_HTTP_ADDR.",
		}, parse: publicURL(&c.PublicURL), show: redactUser},
		{Setting: Setting{
			Name: "PARLEY_ALLOW_INSECURE_HTTP", Default: "false",
			Description: "Lets production run with an http:// public URL. Everybody on the way can then read and change everything.",
		}, parse: boolean(&c.AllowInsecureHTTP)},
		{Setting: Setting{
			Name: "PARLEY_CORS_ORIGINS", Default: "none", Required: true,
			Description: "Other origins whose pages may call the API, separated by commas, or none. * only in development.",
		}, parse: origins(&c.CORSOrigins), show: redactUser},
		{Setting: Setting{
			Name: "PARLEY_DATA_DIR", Default: "./data",
			Description: "Folder for what is kept on disk.",
		}, parse: folder(&c.DataDir)},
		{Setting: Setting{
			Name: "PARLEY_DATABASE_URL", Default: "sqlite", Required: true, Secret: true,
			Description: "sqlite (a file in the data folder) or postgres://user:password@host/database.",
		}, parse: database(c), show: redactURL},
		{Setting: Setting{
			Name: "PARLEY_DATABASE_WAIT", Default: "30s",
			Description: "How long the start waits for a database that is away.",
		}, parse: duration(&c.DatabaseWait, 0, time.Hour)},
		{Setting: Setting{
			Name: "PARLEY_DEV_AUTOMIGRATE", Default: "true", Production: "false",
			Description: "Migrate the database at start. Development only; production runs parley migrate up.",
		}, parse: boolean(&c.DevAutomigrate)},
		{Setting: Setting{
			Name: "PARLEY_REDIS_URL", Default: "memory", Required: true, Secret: true,
			Description: "memory (one node only) or redis://:password@host:6379/0; rediss:// for TLS; ?addr=… for the others of a cluster, ?master_set=… for Sentinels, with sentinel_password=… if they have their own.",
		}, parse: redis(c), show: redactURL},
		{Setting: Setting{
			Name: "PARLEY_REDIS_PREFIX", Default: "parley",
			Description: "What every key and channel in Redis begins with. The nodes of one Parley share it; two Parleys on one Redis must not.",
		}, parse: redisPrefix(&c.RedisPrefix)},
		{Setting: Setting{
			Name: "PARLEY_NODES", Default: "1",
			Description: "How many nodes share the database and Redis. More than one needs Postgres and a real Redis.",
		}, parse: integer(&c.Nodes, 1, 1000)},
		{Setting: Setting{
			Name: "PARLEY_LOG_LEVEL", Default: "info",
			Description: "debug, info, warn or error.",
		}, parse: level(&c.Log.Level)},
		{Setting: Setting{
			Name: "PARLEY_LOG_FORMAT", Default: "text", Production: "json",
			Description: "text for people, json for machines.",
		}, parse: choice(&c.Log.Format, "text", "json")},
	}
}

func limitTable(c *Config) []row {
	return []row{
		{Setting: Setting{
			Name: "PARLEY_HTTP_BODY_BYTES", Default: "1MiB",
			Description: "Longest body of a request.",
		}, parse: size(&c.HTTP.BodyBytes, 1<<10, 1<<30)},
		{Setting: Setting{
			Name: "PARLEY_HTTP_HEADER_BYTES", Default: "16KiB",
			Description: "Longest header of a request.",
		}, parse: size(&c.HTTP.HeaderBytes, 4<<10, 1<<20)},
		{Setting: Setting{
			Name: "PARLEY_HTTP_HEADER_TIMEOUT", Default: "5s",
			Description: "How long a client may take to send the header.",
		}, parse: duration(&c.HTTP.HeaderTimeout, time.Millisecond, 10*time.Minute)},
		{Setting: Setting{
			Name: "PARLEY_HTTP_READ_TIMEOUT", Default: "15s",
			Description: "How long a client may take to send a whole request.",
		}, parse: duration(&c.HTTP.ReadTimeout, time.Millisecond, time.Hour)},
		{Setting: Setting{
			Name: "PARLEY_HTTP_WRITE_TIMEOUT", Default: "30s",
			Description: "How long an answer may take.",
		}, parse: duration(&c.HTTP.WriteTimeout, time.Millisecond, time.Hour)},
		{Setting: Setting{
			Name: "PARLEY_HTTP_IDLE_TIMEOUT", Default: "60s",
			Description: "How long an unused connection is kept.",
		}, parse: duration(&c.HTTP.IdleTimeout, time.Millisecond, time.Hour)},
	}
}

func socketTable(c *Config) []row {
	return []row{
		{Setting: Setting{
			Name: "PARLEY_SOCKET_FRAME_BYTES", Default: "64KiB",
			Description: "Longest frame a client may send on the socket.",
		}, parse: size(&c.Socket.FrameBytes, 1<<10, 16<<20)},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_QUEUE_BYTES", Default: "1MiB",
			Description: "How much may wait for a slow reader before the socket is closed.",
		}, parse: size(&c.Socket.QueueBytes, 1<<10, 1<<30)},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_PING", Default: "25s",
			Description: "How often a silent socket is pinged.",
		}, parse: duration(&c.Socket.Ping, time.Second, time.Hour)},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_PONG_TIMEOUT", Default: "10s",
			Description: "How long the answer to a ping may take; less than PARLEY_SOCKET_PING.",
		}, parse: duration(&c.Socket.PongTimeout, time.Millisecond, time.Hour)},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_CONNECT_TIMEOUT", Default: "5s",
			Description: "How long a new socket may take to say who it is.",
		}, parse: duration(&c.Socket.ConnectTimeout, time.Millisecond, 10*time.Minute)},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_MEMBERSHIP_LIFE", Default: "5m",
			Description: "How long somebody who was removed from a room can go on listening at most, when the news of it is lost between nodes.",
		}, parse: duration(&c.Socket.MembershipLife, 4*time.Second, 24*time.Hour)},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_WRITE_TIMEOUT", Default: "5s",
			Description: "How long a frame may take to a reader so slow that the kernel takes no more; the socket is closed then.",
		}, parse: duration(&c.Socket.WriteTimeout, time.Millisecond, 10*time.Minute)},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_KERNEL_BYTES", Default: "128KiB",
			Description: "How much the kernel may hold for a socket in each direction, before anything waits in Parley; or off, and it may be megabytes.",
		}, parse: orOff(&c.Socket.KernelBytes, size(&c.Socket.KernelBytes, 4<<10, 64<<20))},
		{Setting: Setting{
			Name: "PARLEY_CATCH_UP_READS", Default: "32",
			Description: "How many room lists and lists of changes this node reads at once, or off. The rest wait two seconds and are told to come back.",
		}, parse: orOff(&c.CatchUpReads, integer(&c.CatchUpReads, 1, 100_000))},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_PER_ADDRESS", Default: "200",
			Description: "Sockets that one address (IPv4, or IPv6 /64) may have open on this node, or off.",
		}, parse: orOff(&c.Socket.PerAddress, integer(&c.Socket.PerAddress, 1, 10_000_000))},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_PENDING_PER_ADDRESS", Default: "100",
			Description: "Those of them that have not said who they are, or off.",
		}, parse: orOff(&c.Socket.PendingPerAddress, integer(&c.Socket.PendingPerAddress, 1, 10_000_000))},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_PER_USER", Default: "10",
			Description: "How many sockets one person may have open on all nodes together (a browser tab is one), or off.",
		}, parse: orOff(&c.Socket.PerUser, integer(&c.Socket.PerUser, 1, 10_000))},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_PER_USER_POLICY", Default: string(RefuseNewest),
			Description: "What gives way beyond PARLEY_SOCKET_PER_USER: refuse-newest or close-oldest.",
		}, parse: choice(&c.Socket.PerUserPolicy, RefuseNewest, CloseOldest)},
		{Setting: Setting{
			Name: "PARLEY_SOCKET_ROOMS", Default: "5000",
			Description: "How many rooms one socket may listen to, or off. The web client listens to all rooms of its person.",
		}, parse: orOff(&c.Socket.Rooms, integer(&c.Socket.Rooms, 1, 10_000_000))},
		{Setting: Setting{
			Name: "PARLEY_TYPING_SIGNS", Default: "8",
			Description: "How many signs that somebody types one room is told of in three seconds, by each node, or off for all. The web client names three people.",
		}, parse: orOff(&c.Socket.TypingSigns, integer(&c.Socket.TypingSigns, 1, 1_000_000))},
		{Setting: Setting{
			Name: "PARLEY_TYPING_LISTENERS", Default: "1000",
			Description: "Rooms to which more sockets of this node listen are not told who types, or off.",
		}, parse: orOff(&c.Socket.TypingListeners, integer(&c.Socket.TypingListeners, 1, 10_000_000))},
	}
}

// stopTable is how a server ends.
func stopTable(c *Config) []row {
	return []row{
		{Setting: Setting{
			Name: "PARLEY_HTTP_SHUTDOWN_GRACE", Default: "20s",
			Description: "How long a stopping server lets requests and sockets finish. The service manager must wait longer.",
		}, parse: duration(&c.HTTP.ShutdownGrace, 0, 10*time.Minute)},
		{Setting: Setting{
			Name: "PARLEY_DRAIN_PAUSE", Default: "0s",
			Description: "How long a stopping server, no longer ready, goes on accepting: until a load balancer that asks for readiness knows.",
		}, parse: duration(&c.Drain.Pause, 0, 10*time.Minute)},
		{Setting: Setting{
			Name: "PARLEY_DRAIN_SPREAD", Default: "10s",
			Description: "Over how long a stopping server spreads sending its sockets to the other nodes. With one node there are none, and all go at once.",
		}, parse: duration(&c.Drain.Spread, 0, 10*time.Minute)},
	}
}

func authTable(c *Config) []row {
	return []row{
		{Setting: Setting{
			Name: "PARLEY_SIGN_UP", Default: "open", Production: "invite",
			Description: "Who may make an account: open is anybody, invite whoever has an invite link, closed nobody.",
		}, parse: choice(&c.SignUp, "open", "invite", "closed")},
		{Setting: Setting{
			Name: "PARLEY_SETUP_LINK", Default: "false", Production: "true",
			Description: "The first account, which owns the server, needs the one-time link that an empty server prints at its start.",
		}, parse: boolean(&c.SetupLink)},
		{Setting: Setting{
			Name: "PARLEY_AUTH_SIGNING_KEYS", Required: true, Secret: true,
			Description: "Keys of access tokens, kid:seed separated by commas: the first signs, the rest only verify. " +
				"A seed is 32 random bytes in base64url. Empty in development: one is made in the data folder.",
		}, parse: signingKeys(&c.SigningKeys), show: redactAll},
		{Setting: Setting{
			Name: "PARLEY_AUTH_ENCRYPTION_KEYS", Secret: true,
			Description: "Keys that secrets of authenticator apps are encrypted with in the database, as PARLEY_AUTH_SIGNING_KEYS: the first encrypts, all decrypt. " +
				"Without one people cannot turn on two-step sign-in with an app. Empty in development: one is made in the data folder.",
		}, parse: signingKeys(&c.EncryptionKeys), show: redactAll},
		{Setting: Setting{
			Name: "PARLEY_AUTH_ACCESS_TTL", Default: "15m",
			Description: "Life of an access token.",
		}, parse: duration(&c.Auth.AccessTTL, time.Minute, 24*time.Hour)},
		{Setting: Setting{
			Name: "PARLEY_AUTH_REFRESH_IDLE", Default: "336h",
			Description: "A session unused for this long ends.",
		}, parse: duration(&c.Auth.RefreshIdle, time.Minute, 10000*time.Hour)},
		{Setting: Setting{
			Name: "PARLEY_AUTH_REFRESH_ABSOLUTE", Default: "2160h",
			Description: "A session ends after this long, used or not.",
		}, parse: duration(&c.Auth.RefreshAbsolute, time.Minute, 100000*time.Hour)},
		{Setting: Setting{
			Name: "PARLEY_AUTH_REAUTHENTICATE_AFTER", Default: "10m",
			Description: "Whoever signed in longer ago than this proves again who they are before they change ways in, roles or accounts. 0 asks nobody.",
		}, parse: duration(&c.Auth.ReauthenticateAfter, 0, 24*time.Hour)},
		{Setting: Setting{
			Name: "PARLEY_AUTH_ARGON2_MEMORY_KIB", Default: "47104",
			Description: "Memory of one password hash in KiB.",
		}, parse: integer(&c.Auth.Argon2.MemoryKiB, 8, 1<<20)},
		{Setting: Setting{
			Name: "PARLEY_AUTH_ARGON2_TIME", Default: "1",
			Description: "Passes of one password hash.",
		}, parse: integer(&c.Auth.Argon2.Time, 1, 16)},
		{Setting: Setting{
			Name: "PARLEY_AUTH_ARGON2_PARALLELISM", Default: "1",
			Description: "Lanes of one password hash.",
		}, parse: integer(&c.Auth.Argon2.Parallelism, 1, 16)},
	}
}
