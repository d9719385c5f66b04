package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// parser puts the text of a setting where it belongs, or says what is wrong and what to do. The problem never quotes
// the text of a secret.
type parser func(text string) *complaint

type complaint struct{ problem, fix string }

func complain(problem, fix string) *complaint { return &complaint{problem: problem, fix: fix} }

func choice[T ~string](to *T, allowed ...T) parser {
	return func(text string) *complaint {
		var names []string
		for _, value := range allowed {
			if text == string(value) {
				*to = value
				return nil
			}
			names = append(names, string(value))
		}
		return complain(fmt.Sprintf("%q is not known", text), "say "+strings.Join(names, " or "))
	}
}

func boolean(to *bool) parser {
	return func(text string) *complaint {
		value, err := strconv.ParseBool(text)
		if err != nil {
			return complain(fmt.Sprintf("%q is neither true nor false", text), "say true or false")
		}
		*to = value
		return nil
	}
}

type number interface {
	~int | ~int64 | ~uint32 | ~uint8
}

func integer[T number](to *T, least, most int64) parser {
	return func(text string) *complaint {
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil || value < least || value > most {
			return complain(fmt.Sprintf("%q is not a number from %d to %d", text, least, most), "say such a number")
		}
		*to = T(value)
		return nil
	}
}

func size[T number](to *T, least, most int64) parser {
	return func(text string) *complaint {
		digits, unit := text, int64(1)
		for suffix, bytes := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
			if before, found := strings.CutSuffix(text, suffix); found {
				digits, unit = strings.TrimSpace(before), bytes
			}
		}
		value, err := strconv.ParseInt(digits, 10, 64)
		// Compared before multiplying, which could overflow into the range.
		if err != nil || value > most/unit || value*unit < least {
			return complain(fmt.Sprintf("%q is not a size from %s to %s", text, bytesText(least), bytesText(most)),
				"say bytes, or a number with KiB, MiB or GiB")
		}
		*to = T(value * unit)
		return nil
	}
}

// orOff lets a limit be lifted: off is 0.
func orOff[T number](to *T, limit parser) parser {
	return func(text string) *complaint {
		if text == "off" {
			*to = 0
			return nil
		}
		c := limit(text)
		if c != nil {
			c.fix += ", or off"
		}
		return c
	}
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%dGiB", n>>30)
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%dMiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%dKiB", n>>10)
	}
	return strconv.FormatInt(n, 10)
}

func duration(to *time.Duration, least, most time.Duration) parser {
	return func(text string) *complaint {
		value, err := time.ParseDuration(text)
		if err != nil || value < least || value > most {
			return complain(fmt.Sprintf("%q is not a duration from %s to %s", text, least, most),
				"say a number with ms, s, m or h, such as 30s")
		}
		*to = value
		return nil
	}
}

func level(to *slog.Level) parser {
	var name string
	known := choice(&name, "debug", "info", "warn", "error")
	return func(text string) *complaint {
		if c := known(strings.ToLower(text)); c != nil {
			return c
		}
		return failed(to.UnmarshalText([]byte(name)))
	}
}

// failed is for what an earlier check has made sure of.
func failed(err error) *complaint {
	if err != nil {
		return complain(err.Error(), "correct it")
	}
	return nil
}

func folder(to *string) parser {
	return func(text string) *complaint {
		if strings.ContainsRune(text, 0) {
			return complain("it holds a NUL", "say the path of a folder")
		}
		*to = filepath.Clean(text)
		return nil
	}
}

func address(to *string) parser {
	return func(text string) *complaint {
		host, port, err := net.SplitHostPort(text)
		if err != nil || !validPort(port) || strings.ContainsAny(host, "/@ \t\r\n") {
			return complain(fmt.Sprintf("%q is not host:port", text), "say for example 127.0.0.1:8080, or :8080 for every interface")
		}
		*to = text
		return nil
	}
}

func validPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

func opsAddress(to *string) parser {
	listen := address(to)
	return func(text string) *complaint {
		if text == "off" {
			*to = ""
			return nil
		}
		if c := listen(text); c != nil {
			return complain(c.problem, c.fix+"; or off")
		}
		return nil
	}
}

// site reads scheme and host, the only parts an origin has, the way browsers write them: lower case, no default
// port. The path is left to the caller to judge.
func site(text string) (*url.URL, *complaint) {
	const fix = "say only scheme and host, such as https://chat.example.org"
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "" || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		return nil, complain("it is not an http:// or https:// address", fix)
	case u.User != nil:
		return nil, complain("it holds a user name or password", fix)
	case strings.ContainsAny(text, "?#"):
		return nil, complain("it holds a query or a fragment", fix)
	case !validHost(u):
		return nil, complain("browsers do not send such a host or port", fix+"; write other alphabets as xn--")
	}
	host := strings.TrimSuffix(strings.ToLower(u.Host), map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
	return &url.URL{Scheme: u.Scheme, Host: host, Path: u.Path}, nil
}

func validHost(u *url.URL) bool {
	odd := strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r == '*' || r >= 0x7f })
	return !odd && !strings.HasSuffix(u.Host, ":") && (u.Port() == "" || validPort(u.Port()))
}

func publicURL(to **url.URL) parser {
	return func(text string) *complaint {
		u, c := site(text)
		if c != nil {
			return c
		}
		if u.Path != "" && u.Path != "/" {
			return complain("it has a path", "give Parley a host of its own: its cookies and its app live at the root")
		}
		u.Path = ""
		*to = u
		return nil
	}
}

func origins(to *[]string) parser {
	return func(text string) *complaint {
		*to = nil
		if text == "none" {
			return nil
		}
		var list []string
		for entry := range strings.SplitSeq(text, ",") {
			entry = strings.TrimSpace(entry)
			if entry == "*" && text == "*" {
				list = append(list, entry)
				continue
			}
			u, c := site(entry)
			if c == nil && u.Path != "" {
				c = complain("it has a path", "leave out everything after the host, the last slash too")
			}
			if c != nil {
				return complain(fmt.Sprintf("entry %d: %s", len(list)+1, c.problem), c.fix)
			}
			list = append(list, u.String())
		}
		*to = list
		return nil
	}
}

func database(c *Config) parser {
	return func(text string) *complaint {
		const fix = "say sqlite or postgres://user:password@host/database"
		if text == "sqlite" {
			c.Database = Database{Engine: SQLite, Path: filepath.Join(c.DataDir, "parley.db")}
			return nil
		}
		u, err := url.Parse(text)
		if err != nil || u.Opaque != "" || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			return complain("it is neither sqlite nor a postgres:// address", fix)
		}
		// Without a host, and with one in the query, it is a socket in the file system.
		if strings.Trim(u.Path, "/") == "" {
			return complain("it names no database", fix)
		}
		c.Database = Database{Engine: Postgres, URL: text}
		return nil
	}
}

func redis(c *Config) parser {
	return func(text string) *complaint {
		const fix = "say memory, redis://:password@host:6379/0 or rediss://…"
		if text == "memory" {
			c.Redis = Redis{}
			return nil
		}
		u, err := url.Parse(text)
		if err != nil || u.Opaque != "" || (u.Scheme != "redis" && u.Scheme != "rediss") || u.Hostname() == "" {
			return complain("it is neither memory nor a redis:// address", fix)
		}
		if db := strings.TrimPrefix(u.Path, "/"); strings.Trim(db, "0123456789") != "" {
			return complain("its database is not a number", fix)
		}
		c.Redis = Redis{URL: text}
		return nil
	}
}

// redisPrefix is the beginning of names in Redis. Braces would have Redis Cluster put everything into one slot.
func redisPrefix(to *string) parser {
	return func(text string) *complaint {
		const most, marks = 100, "._-/"
		for _, r := range text {
			if !strings.ContainsRune(marks, r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
				return complain(fmt.Sprintf("it has %q in it", r), "say it with letters, digits and "+marks)
			}
		}
		if len(text) < 1 || len(text) > most {
			return complain(fmt.Sprintf("it has %d characters", len(text)), fmt.Sprintf("say it with 1 to %d", most))
		}
		*to = text
		return nil
	}
}
