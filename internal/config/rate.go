package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rate is how often: Count at once, and Count more evenly over Per. The zero Rate is no limit.
type Rate struct {
	Count int
	Per   time.Duration
}

// limitPrefix begins the name of every rate limit. What follows, in lower case, is the limit's name in Config.Limits, in the metrics and in the
// doors.
const limitPrefix = prefix + "LIMIT_"

func rateTable(c *Config) []row {
	c.Limits = map[string]Rate{}
	return []row{
		{Setting: Setting{
			Name: "PARLEY_TRUSTED_PROXIES", Default: "none",
			Description: "Networks of the proxies before Parley, separated by commas, such as 10.0.0.0/8, or none. " +
				"Only what they say in X-Forwarded-For or Forwarded is believed.",
		}, parse: networks(&c.TrustedProxies)},
		rate(c, "SIGN_IN", "5/15m", "Failed sign-ins to one account from one network (IPv4 /24, IPv6 /64), as count/duration, or off. Count may come at once."),
		rate(c, "SIGN_IN_ACCOUNT", "50/15m", "Failed sign-ins to one account from all networks where it has not signed in before."),
		rate(c, "SIGN_IN_NETWORK", "100/1h", "Failed sign-ins from one network to accounts that have not signed in there before."),
		rate(c, "SECOND_FACTOR", "20/24h", "Wrong codes after a right password for one account, from all networks where it has not signed in before."),
		rate(c, "SIGN_UP", "30/1h", "New accounts from one network."),
		rate(c, "OIDC", "120/10m", "Sign-ins through a provider that are begun from one network."),
		rate(c, "CHALLENGE", "300/10m", "Challenges for a passkey that one network asks for. A sign-in page that is opened asks for one."),
		rate(c, "REFRESH", "1200/10m", "Refreshes and sign-outs from one network. A page that is opened makes one, and one that stays open four an hour."),
		rate(c, "CSP_REPORT", "60/1m", "Reports of browsers in one network about violations of the Content-Security-Policy."),
		rate(c, "RESET", "20/1h", "Requests from one network to reset a password."),
		rate(c, "LINK", "60/10m", "Links of mails that are followed from one network."),
		rate(c, "MAIL", "5/1h", "Mails that one person has sent to an address to confirm it."),
		rate(c, "MAIL_ADDRESS", "5/1h", "Mails with a link to one address, whoever asks for them. What is more is not sent, and nobody is told."),
		rate(c, "POST", "60/30s", "Messages of one person."),
		rate(c, "WRITE", "120/1m", "Other changes by one person."),
		rate(c, "READ", "600/1m", "Requests of one person that change nothing."),
		rate(c, "SEARCH", "60/1m", "Searches of one person."),
		rate(c, "TYPING", "60/1m", "Signs of one person that they are typing."),
		rate(c, "READ_MARK", "240/1m", "Read marks of one person."),
		rate(c, "CONNECT", "600/1m", "Sockets that one person opens."),
		rate(c, "SUBSCRIBE", "10000/1m", "Rooms that one person starts to listen to. Each new connection subscribes to all rooms of its person."),
		rate(c, "PRESENCE_WATCH", "60/1m", "Changes of one person to whom they see online or not."),
		rate(c, "COMMAND", "600/1m", "Everything else that one person sends on the socket."),
		rate(c, "SOCKET_REFUSALS", "100/1m", "Refusals by these limits on the sockets of one person, after which the socket is closed and may come back."),
		rate(c, "SOCKET_CLOSURES", "3/10m", "Such closures, after which the socket is closed for good."),
	}
}

func rate(c *Config, name, standard, description string) row {
	return row{
		Setting: Setting{Name: limitPrefix + name, Default: standard, Description: description},
		parse:   rateParser(c.Limits, strings.ToLower(name)),
	}
}

// WithoutLimits are settings that turn every rate limit and every cap by address or person off: for tests and benchmarks, which do in a second, from one address, what people do in an hour.
func WithoutLimits() []string {
	var off []string
	for _, s := range Settings() {
		if strings.HasPrefix(s.Name, limitPrefix) || strings.HasSuffix(s.Name, "PER_ADDRESS") || strings.HasSuffix(s.Name, "PER_USER") ||
			s.Name == "PARLEY_TYPING_SIGNS" || s.Name == "PARLEY_SOCKET_ROOMS" {
			off = append(off, s.Name+"=off")
		}
	}
	return off
}

const mostCount = 1_000_000

func rateParser(to map[string]Rate, what string) parser {
	return func(text string) *complaint {
		if text == "off" {
			to[what] = Rate{}
			return nil
		}
		count, per, _ := strings.Cut(text, "/")
		n, err := strconv.Atoi(count)
		d, bad := time.ParseDuration(per)
		if err != nil || bad != nil || n < 1 || n > mostCount || d < time.Second || d > 24*time.Hour {
			return complain(fmt.Sprintf("%q is not a count from 1 to %d in a duration from 1s to 24h", text, mostCount), "say for example 5/15m, or off")
		}
		to[what] = Rate{Count: n, Per: d}
		return nil
	}
}

func networks(to *[]netip.Prefix) parser {
	return func(text string) *complaint {
		*to = nil
		if text == "none" {
			return nil
		}
		for entry := range strings.SplitSeq(text, ",") {
			network, err := parseNetwork(strings.TrimSpace(entry))
			if err != nil {
				return complain(fmt.Sprintf("%q is not a network", entry), "say for example 10.0.0.0/8 or 192.0.2.7, or none")
			}
			if network.Bits() == 0 {
				return complain(fmt.Sprintf("%q lets everybody claim any address", entry), "name only the proxies' own networks")
			}
			*to = append(*to, network)
		}
		return nil
	}
}

// parseNetwork reads a network, or a single address as a network of one.
func parseNetwork(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap()
		return a.Prefix(a.BitLen())
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// checkLimits says which doors stand open to guessing.
func checkLimits(c *Config) {
	for _, what := range []string{"sign_in", "sign_in_account", "sign_in_network"} {
		if c.Limits[what] == (Rate{}) {
			c.Warnings = append(c.Warnings, limitPrefix+strings.ToUpper(what)+": without it passwords can be guessed faster.")
		}
	}
	if slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return p.Bits() < 7 }) {
		c.Warnings = append(c.Warnings, "PARLEY_TRUSTED_PROXIES: it is a large part of the internet; name only your proxies.")
	}
}
