// Package arch holds the tree to its shape: who may import whom, where the environment and foreign libraries may be touched, and how long a
// file may get. It reads source text and knows nothing of what the code does. Adding a package starts here: say what it may import.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	module   = "parley"
	maxLines = 600
)

// mayImport says, for each package, which other packages of this module it may import. The order is that of the layers: everything points
// downwards. A package that is not in this list is a fault.
var mayImport = map[string][]string{
	// The vocabulary, the generated contract and the engines know nothing of ours.
	"internal/chat":      {},
	"internal/contract":  {},
	"internal/auth":      {},
	"internal/config":    {},
	"internal/lease":     {},
	"internal/limit":     {},
	"internal/mail":      {},
	"internal/oidc":      {},
	"internal/presence":  {},
	"internal/passkey":   {},
	"internal/realtime":  {},
	"internal/redis":     {},
	"internal/session":   {},
	"internal/telemetry": {},

	"internal/store/migrations": {},
	"internal/store/query":      {},
	"internal/store/pgquery":    {}, // the statements in Postgres' own dialect, which pgx runs without database/sql
	// It knows session because the database is one of the two places that keep what session describes; SQL stays here.
	"internal/store": {
		"internal/chat", "internal/session", "internal/store/migrations", "internal/store/pgquery", "internal/store/query",
	},

	// Whole databases from here to there. They know the store's tables and rows; their SQL is in store.
	"internal/store/archive":   {"internal/store"},
	"internal/store/transfer":  {"internal/store"},
	"internal/store/rehearsal": {"internal/store", "internal/store/transfer"},

	"internal/service": {"internal/auth", "internal/chat", "internal/mail", "internal/oidc", "internal/passkey", "internal/session", "internal/store"},

	// Between the vocabulary and the contract, for both doors.
	"internal/wire": {"internal/chat", "internal/contract"},

	"internal/httpapi": {
		"internal/auth", "internal/chat", "internal/contract", "internal/limit", "internal/service", "internal/telemetry", "internal/wire",
	},
	"internal/wsapi": {
		"internal/auth", "internal/chat", "internal/contract", "internal/lease", "internal/limit", "internal/presence", "internal/realtime",
		"internal/service", "internal/telemetry", "internal/wire",
	},
	"internal/ops": {"internal/telemetry"},

	// Looks at an installation from outside: at settings, files and servers, and at the data through store.
	"internal/doctor": {"internal/config", "internal/redis", "internal/store"},

	// A load from outside: the contract, and nothing of what is behind it.
	"internal/bench":       {"internal/contract"},
	"internal/bench/spawn": {},

	"internal/app": {
		"internal/auth", "internal/chat", "internal/config", "internal/contract", "internal/httpapi", "internal/lease", "internal/limit", "internal/mail", "internal/oidc", "internal/ops",
		"internal/passkey", "internal/presence", "internal/realtime", "internal/redis", "internal/service", "internal/session", "internal/store", "internal/telemetry", "internal/wire", "internal/wsapi",
		"web",
	},
	"cmd/parley": {
		"internal/app", "internal/bench", "internal/bench/spawn", "internal/chat", "internal/config", "internal/doctor", "internal/mail", "internal/store", "internal/store/archive",
		"internal/store/rehearsal", "internal/store/transfer",
		"internal/telemetry", "web",
	},
	"web": {},

	// Servers for tests. It may not know the store: the tests of the engines use it too.
	"internal/servertest":      {"internal/redis"},
	"internal/mail/mailtest":   {},
	"internal/store/storetest": {"internal/chat", "internal/store"},
	// The suite that every Keeper passes, whichever package it is in.
	"internal/session/sessiontest": {"internal/session"},
	"internal/oidc/oidctest":       {},
	"internal/parleytest": {
		"internal/app", "internal/chat", "internal/config", "internal/contract", "internal/mail/mailtest", "internal/servertest", "internal/store", "internal/store/storetest",
	},
	"bench": {"internal/bench", "internal/bench/spawn", "internal/config", "internal/contract", "internal/parleytest"},

	// Tests only.
	"internal/chaos": {},

	"internal/arch":   {},
	"internal/policy": {},
}

// A fence keeps a foreign package inside the packages that exist to deal with it.
type fence struct {
	packages []string // a package, or with a trailing "/..." everything below it too
	inside   []string // where they may be imported; the same notation
	outside  []string // where they may not; when set, inside is not looked at
	why      string
}

var fences = []fence{
	{
		packages: []string{"database/sql/...", "github.com/jackc/pgx/v5/...", "github.com/pressly/goose/v3/...", "modernc.org/sqlite/..."},
		inside:   []string{"internal/store/..."},
		why:      "SQL lives in store",
	},
	{
		packages: []string{"net/http"},
		outside:  []string{"internal/chat", "internal/service", "internal/store/..."},
		why:      "below the doors nobody knows which transport a call came through",
	},
	{
		packages: []string{"github.com/centrifugal/centrifuge", "github.com/centrifugal/protocol"},
		inside:   []string{"internal/realtime"},
		why:      "the socket library stays behind realtime",
	},
	{
		packages: []string{"github.com/redis/rueidis/..."},
		inside:   []string{"internal/app", "internal/auth", "internal/doctor", "internal/lease", "internal/limit", "internal/realtime", "internal/redis", "internal/session", "internal/servertest"},
		why:      "Redis lives in the engines",
	},
	{
		packages: []string{"github.com/coreos/go-oidc/v3/...", "golang.org/x/oauth2/..."},
		inside:   []string{"internal/oidc"},
		why:      "who talks to providers is behind oidc",
	},
	{
		packages: []string{"github.com/go-webauthn/webauthn/..."},
		inside:   []string{"internal/passkey"},
		why:      "the library for passkeys stays behind passkey",
	},
	{
		packages: []string{"github.com/wneessen/go-mail/..."},
		inside:   []string{"internal/mail"},
		why:      "the library that speaks SMTP stays behind mail",
	},
	{
		packages: []string{"github.com/ogen-go/ogen/..."},
		inside:   []string{"internal/contract", "internal/httpapi", "internal/wire"},
		why:      "the generator's library stays where contract types are handled",
	},
	{
		packages: []string{"github.com/alecthomas/kong"},
		inside:   []string{"bench", "cmd/parley"},
		why:      "only main reads the command line",
	},
	{
		packages: []string{"testing", "go.uber.org/goleak", "pgregory.net/rapid", "github.com/emersion/go-smtp"},
		inside:   []string{"internal/mail/mailtest", "internal/oidc/oidctest", "internal/parleytest", "internal/servertest", "internal/session/sessiontest", "internal/store/storetest", "bench"},
		why:      "what ships knows no test",
	},
	{
		packages: []string{"C"},
		inside:   []string{},
		why:      "the binary is built without cgo",
	},
}

// environment names the functions that read the process environment, and who may call each. Helpers of tests may too: they look for the
// services that a test run was given.
var environment = map[string][]string{
	"Getenv":    {},
	"LookupEnv": {},
	"Environ":   {"cmd/parley"},
}

// Check returns what is wrong in the tree, one line each, in the order of the files. It parses the files itself: a test that asked the go
// command instead would be answered from the test cache, which does not see what a subprocess read.
func Check(tree fs.FS) ([]string, error) {
	c := checker{packages: map[string]*state{}}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return enter(name)
		}
		switch path.Ext(name) {
		case ".go", ".ts", ".tsx", ".mjs", ".css":
		default:
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if !generatedFile(name, source) {
			c.length(name, source)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		return c.goFile(name, source)
	})
	if err != nil {
		return nil, err
	}
	c.comments()
	return c.faults, nil
}

// enter skips what is not ours: fetched, built, or another module.
func enter(dir string) error {
	base := path.Base(dir)
	hidden := strings.HasPrefix(base, ".") && dir != "."
	if hidden || slices.Contains([]string{"node_modules", "dist", "testdata"}, base) || slices.Contains([]string{"bin", "data", "tools"}, dir) {
		return fs.SkipDir
	}
	return nil
}

type checker struct {
	faults   []string
	packages map[string]*state
}

// state is what is known of a package after some of its files. Tests count for neither.
type state struct {
	documented  bool
	handwritten bool
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *checker) length(name string, source []byte) {
	if lines := strings.Count(string(source), "\n"); lines > maxLines {
		c.fault("%s: %d lines are more than %d: split it by what changes together", name, lines, maxLines)
	}
}

func (c *checker) goFile(name string, source []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	pkg := path.Dir(name)
	known := c.packages[pkg]
	if known == nil {
		known = &state{}
		c.packages[pkg] = known
		if _, listed := mayImport[pkg]; !listed {
			c.fault("%s: package %s is not in internal/arch: say what it may import", name, pkg)
		}
	}
	if strings.HasSuffix(name, "_test.go") {
		return nil
	}
	known.documented = known.documented || file.Doc != nil
	known.handwritten = known.handwritten || !ast.IsGenerated(file)
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		c.imported(name, pkg, imported)
	}
	c.declarations(name, pkg, file)
	return nil
}

func (c *checker) imported(name, pkg, imported string) {
	if dep, ours := strings.CutPrefix(imported, module+"/"); ours {
		if may := mayImport[pkg]; !slices.Contains(may, dep) {
			c.fault("%s: imports %s; %s may import only %v", name, dep, pkg, may)
		}
		return
	}
	for _, f := range fences {
		if !within(imported, f.packages) {
			continue
		}
		allowed := within(pkg, f.inside)
		if f.outside != nil {
			allowed = !within(pkg, f.outside)
		}
		if !allowed {
			c.fault("%s: imports %s: %s", name, imported, f.why)
		}
	}
}

func (c *checker) declarations(name, pkg string, file *ast.File) {
	for _, decl := range file.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			c.fault("%s: func init runs before main can say anything: call it by name", name)
		}
	}
	if strings.HasSuffix(pkg, "test") {
		return
	}
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		receiver, ok := selector.X.(*ast.Ident)
		if !ok || receiver.Name != "os" {
			return true
		}
		if may, reads := environment[selector.Sel.Name]; reads && !slices.Contains(may, pkg) {
			c.fault("%s: calls os.%s: settings come in through internal/config", name, selector.Sel.Name)
		}
		return true
	})
}

func (c *checker) comments() {
	for _, pkg := range slices.Sorted(maps.Keys(c.packages)) {
		if known := c.packages[pkg]; known.handwritten && !known.documented {
			c.fault("%s: has no package comment: say what it is for and what it does not know", pkg)
		}
	}
}

func within(pkg string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		root, deep := strings.CutSuffix(pattern, "/...")
		return pkg == root || deep && strings.HasPrefix(pkg, root+"/")
	})
}

func generatedFile(name string, source []byte) bool {
	base := path.Base(name)
	head, _, _ := strings.Cut(string(source), "\n")
	return strings.Contains(base, ".gen.") || strings.HasPrefix(head, "// Code generated ") && strings.HasSuffix(head, " DO NOT EDIT.")
}
