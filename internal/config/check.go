package config

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// check judges settings against each other and against the environment. Each rule leaves alone what is faulty by
// itself already.
func check(c *Config, faults *Faults) {
	checkPlaces(c, faults)
	checkOrder(c, faults)
	checkDrain(c, faults)
	checkKeys(c, faults)
	checkOIDC(c, faults)
	checkMail(c, faults)
	if c.Env == Production {
		checkProduction(c, faults)
	}
}

func checkPlaces(c *Config, faults *Faults) {
	_, port, _ := net.SplitHostPort(c.OpsAddr)
	if c.HTTPAddr == c.OpsAddr && c.OpsAddr != "" && port != "0" {
		faults.add("PARLEY_OPS_ADDR", "it is PARLEY_HTTP_ADDR too", "give operators an address of their own, or say off")
	}
	if c.Nodes <= 1 {
		return
	}
	if c.Redis.Memory() && !faults.has("PARLEY_REDIS_URL") {
		faults.add("PARLEY_REDIS_URL", "memory is one node's own and PARLEY_NODES is more than 1", "say redis://… or run one node")
	}
	if c.Database.Engine == SQLite && !faults.has("PARLEY_DATABASE_URL") {
		faults.add("PARLEY_DATABASE_URL", "sqlite is one node's own and PARLEY_NODES is more than 1", "say postgres://… or run one node")
	}
}

// checkOrder refuses limits that would defeat each other.
func checkOrder(c *Config, faults *Faults) {
	for _, pair := range []struct {
		small, large string
		wrong        bool
	}{
		{"PARLEY_HTTP_HEADER_TIMEOUT", "PARLEY_HTTP_READ_TIMEOUT", c.HTTP.HeaderTimeout > c.HTTP.ReadTimeout},
		{"PARLEY_SOCKET_PONG_TIMEOUT", "PARLEY_SOCKET_PING", c.Socket.PongTimeout >= c.Socket.Ping},
		{"PARLEY_SOCKET_FRAME_BYTES", "PARLEY_SOCKET_QUEUE_BYTES", c.Socket.FrameBytes > c.Socket.QueueBytes},
		{"PARLEY_AUTH_ACCESS_TTL", "PARLEY_AUTH_REFRESH_IDLE", c.Auth.AccessTTL >= c.Auth.RefreshIdle},
		{"PARLEY_AUTH_REFRESH_IDLE", "PARLEY_AUTH_REFRESH_ABSOLUTE", c.Auth.RefreshIdle > c.Auth.RefreshAbsolute},
	} {
		if pair.wrong && !faults.has(pair.small) && !faults.has(pair.large) {
			faults.add(pair.small, "it is not below "+pair.large, "lower it, or raise "+pair.large)
		}
	}
	cost := c.Auth.Argon2
	if cost.MemoryKiB < 8*uint32(cost.Parallelism) && !faults.has("PARLEY_AUTH_ARGON2_MEMORY_KIB") {
		faults.add("PARLEY_AUTH_ARGON2_MEMORY_KIB", "it is less than 8 KiB for each lane", "raise it, or lower PARLEY_AUTH_ARGON2_PARALLELISM")
	}
}

// checkDrain refuses a grace that ends before everybody was sent away, which would cut the rest off.
func checkDrain(c *Config, faults *Faults) {
	drain := c.Drain.Pause + c.DrainSpread()
	if drain == 0 || drain < c.HTTP.ShutdownGrace {
		return
	}
	name, problem := "PARLEY_DRAIN_SPREAD", "together with PARLEY_DRAIN_PAUSE it is not below PARLEY_HTTP_SHUTDOWN_GRACE"
	if c.Drain.Pause >= c.HTTP.ShutdownGrace {
		name, problem = "PARLEY_DRAIN_PAUSE", "it is not below PARLEY_HTTP_SHUTDOWN_GRACE"
	}
	if faults.has(name) || faults.has("PARLEY_HTTP_SHUTDOWN_GRACE") {
		return
	}
	faults.add(name, problem, "lower it, or raise PARLEY_HTTP_SHUTDOWN_GRACE")
}

func checkKeys(c *Config, faults *Faults) {
	checkSeeds(c, faults, "PARLEY_AUTH_SIGNING_KEYS", c.SigningKeys)
	checkSeeds(c, faults, "PARLEY_AUTH_ENCRYPTION_KEYS", c.EncryptionKeys)
	// Who reads one of the two must not have the other: signing keys are changed often, and what they were is then thrown away.
	for _, key := range c.EncryptionKeys {
		_, seed, _ := strings.Cut(key, ":")
		if slices.ContainsFunc(c.SigningKeys, func(s string) bool { return strings.HasSuffix(s, ":"+seed) }) {
			faults.add("PARLEY_AUTH_ENCRYPTION_KEYS", "it has a seed of PARLEY_AUTH_SIGNING_KEYS", "give it a seed of its own")
			return
		}
	}
}

func checkSeeds(c *Config, faults *Faults, setting string, keys []string) {
	for i, key := range keys {
		_, encoded, _ := strings.Cut(key, ":")
		why := weakSeed(decodeSeed(encoded))
		if why == "" {
			continue
		}
		problem := fmt.Sprintf("the seed of entry %d %s", i+1, why)
		if c.Env == Production {
			faults.add(setting, problem, "make 32 random bytes: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='")
			return
		}
		c.Warnings = append(c.Warnings, setting+": "+problem+"; production refuses it.")
	}
}

func checkProduction(c *Config, faults *Faults) {
	if slices.Contains(c.CORSOrigins, "*") {
		faults.add("PARLEY_CORS_ORIGINS", "* lets every page in the world call the API", "list the exact origins, or say none")
	}
	if c.PublicURL != nil && c.PublicURL.Scheme != "https" {
		if c.AllowInsecureHTTP {
			c.Warnings = append(c.Warnings, "PARLEY_PUBLIC_URL: it is http://, so everybody on the way can read and change everything.")
		} else {
			faults.add("PARLEY_PUBLIC_URL", "it is http://, so everybody on the way can read passwords", "say https://…, or PARLEY_ALLOW_INSECURE_HTTP=true")
		}
	}
	if c.DevAutomigrate {
		faults.add("PARLEY_DEV_AUTOMIGRATE", "it is true in production", "remove it and run parley migrate up before the start")
	}
	if weakPassword(c.Database.URL) {
		faults.add("PARLEY_DATABASE_URL", "its password is a well-known one", "give the database user a random password")
	}
	if weakPassword(c.Redis.URL) {
		faults.add("PARLEY_REDIS_URL", "its password is a well-known one", "give Redis a random password")
	}
	if !c.SetupLink {
		c.Warnings = append(c.Warnings, "PARLEY_SETUP_LINK: without it a server that has no account yet belongs to whoever finds it first.")
	}
	checkHashCost(c, faults)
	checkLimits(c)
	if host, _, err := net.SplitHostPort(c.OpsAddr); err == nil && !loopback(host) {
		c.Warnings = append(c.Warnings, "PARLEY_OPS_ADDR: it asks for no password and is reachable from other machines; see that only operators reach it.")
	}
}

// checkHashCost asks for what OWASP's password storage cheat sheet holds equal: 46 MiB once down to 7 MiB five
// times.
func checkHashCost(c *Config, faults *Faults) {
	cost := c.Auth.Argon2
	if faults.has("PARLEY_AUTH_ARGON2_MEMORY_KIB") || faults.has("PARLEY_AUTH_ARGON2_TIME") {
		return
	}
	if cost.MemoryKiB < 7168 || uint64(cost.MemoryKiB)*uint64(cost.Time) < 7168*5 {
		faults.add("PARLEY_AUTH_ARGON2_MEMORY_KIB", "password hashes would be too cheap to guess against", "leave it at 47104, or raise PARLEY_AUTH_ARGON2_TIME")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
