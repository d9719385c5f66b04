package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strings"
)

const (
	prefix     = "PARLEY_"
	testPrefix = "PARLEY_TEST_"
)

// Where a setting's value comes from.
const (
	fromDefault = "default"
	fromEnv     = "env"
	fromFile    = "file"
)

// Load reads the settings out of environ, entries name=value as os.Environ gives them. An empty value counts as not
// given: that is what an unset variable becomes on its way through a compose file. Variables that start with
// PARLEY_TEST_ belong to the tests. The error is *Faults and tells everything at once; the Config returned with it
// is good for Print only.
func Load(environ []string) (Config, error) {
	var c Config
	var faults Faults
	given := ours(environ)
	rows := append(table(&c), oidcRows(&c, given)...)
	refuseUnknown(rows, given, &faults)
	for _, r := range rows {
		text, origin := r.text(&c, given, &faults)
		if text != "" && !faults.has(r.Name) {
			if bad := r.parse(text); bad != nil {
				faults.add(r.Name, bad.problem, bad.fix)
			}
		}
		if r.show != nil {
			text = r.show(text)
		}
		c.effective = append(c.effective, effective{name: r.Name, value: text, origin: origin})
	}
	check(&c, &faults)
	return c, faults.err()
}

// ours picks our own non-empty variables; of a repeated one the last counts, as for every process.
func ours(environ []string) map[string]string {
	given := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix) || strings.HasPrefix(name, testPrefix) {
			continue
		}
		given[name] = value
	}
	return given
}

// text finds what a setting says and where. It faults a missing one here, so that "required" is told once.
func (r row) text(c *Config, given map[string]string, faults *Faults) (text, origin string) {
	text, origin = given[r.Name], fromEnv
	if path := given[r.Name+fileSuffix]; r.Secret && path != "" {
		if text != "" {
			faults.add(r.Name, fmt.Sprintf("%s is set too", r.Name+fileSuffix), "keep one of the two")
			return text, origin
		}
		return r.fileText(c, path, faults), fromFile
	}
	if text != "" {
		return text, origin
	}
	if c.Env == Production && r.Required {
		fix := "set it"
		if r.Secret {
			fix = fmt.Sprintf("set it or %s", r.Name+fileSuffix)
		}
		what, _, _ := strings.Cut(r.Description, ". ")
		faults.add(r.Name, "production needs it", fix+": "+strings.TrimSuffix(what, "."))
		return "", fromDefault
	}
	return r.fallback(c), fromDefault
}

func (r row) fileText(c *Config, path string, faults *Faults) string {
	text, exposed, err := readSecret(path)
	switch {
	case err != nil:
		// Without the path: it may be the secret itself, put into the wrong variable.
		var pathError *fs.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		faults.add(r.Name+fileSuffix, fmt.Sprintf("cannot read the file it names: %v", err), "name a file that this user can read")
	case text == "":
		faults.add(r.Name+fileSuffix, "the file it names is empty", "put the value into it")
	case exposed:
		c.Warnings = append(c.Warnings, fmt.Sprintf("%s: every user of this machine can read %q; chmod it to 0400.", r.Name+fileSuffix, path))
	}
	return text
}

func (r row) fallback(c *Config) string {
	switch {
	case c.Env == Production && r.Production != "":
		return r.Production
	case r.Name == "PARLEY_PUBLIC_URL" && c.HTTPAddr != "":
		return "http://" + localAddress(c.HTTPAddr)
	}
	return r.Default
}

// localAddress is where a browser on this machine finds a listener that may listen everywhere.
func localAddress(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("localhost", port)
	}
	return listen
}

func refuseUnknown(rows []row, given map[string]string, faults *Faults) {
	var known []string
	for _, r := range rows {
		known = append(known, r.Name)
		if r.Secret {
			known = append(known, r.Name+fileSuffix)
		}
	}
	for name := range given {
		if slices.Contains(known, name) {
			continue
		}
		fix := "remove it; parley config check lists what there is"
		if base, isFile := strings.CutSuffix(name, fileSuffix); isFile && slices.Contains(known, base) {
			fix = fmt.Sprintf("say %s itself: only secrets are read from files", base)
		} else if near := nearest(name, known); near != "" {
			fix = fmt.Sprintf("did you mean %s?", near)
		}
		faults.add(name, "there is no such setting", fix)
	}
}

// nearest is the known name that a slip of the fingers most likely made into name, if any is near enough.
func nearest(name string, known []string) string {
	best, least := "", 1+max(2, (len(name)-len(prefix))/4)
	for _, candidate := range known {
		if d := distance(name, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their neighbour to make a into b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
