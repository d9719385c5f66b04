package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// client serves the built web client: its files as they are, precompressed where the build made it so, and its page for every other
// address, because the addresses of rooms are the client's own.
type client struct {
	files map[string]*asset
	page  map[string][]byte // the page by theme; nil when the client was not built

	problems *problems
}

type asset struct {
	plain, gzip, brotli []byte
	mediaType, etag     string
}

// themes are what people can choose. The server sets the choice on the page, so that it does not flash in the other one first.
var themes = []string{"system", "light", "dark"}

const (
	themeCookie = "parley_theme"
	themeMark   = ` data-theme="system"`
	notBuilt    = "The web client is not in this binary. Build it with: make build"
)

func newClient(files fs.FS, p *problems) (*client, error) {
	c := &client{files: map[string]*asset{}, problems: p}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") { // the build's own, such as its manifest
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		c.add(name, data)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the web client: %w", err)
	}
	if index := c.files["index.html"]; index != nil {
		c.page = map[string][]byte{}
		for _, theme := range themes {
			c.page[theme] = bytes.Replace(index.plain, []byte(themeMark), []byte(` data-theme="`+theme+`"`), 1)
		}
		delete(c.files, "index.html")
	}
	return c, nil
}

func (c *client) add(name string, data []byte) {
	base, encoding := name, ""
	if ext := path.Ext(name); ext == ".gz" || ext == ".br" {
		base, encoding = strings.TrimSuffix(name, ext), ext
	}
	a := c.files[base]
	if a == nil {
		a = &asset{mediaType: mediaType(base)}
		c.files[base] = a
	}
	switch encoding {
	case ".gz":
		a.gzip = data
	case ".br":
		a.brotli = data
	default:
		sum := sha256.Sum256(data)
		a.plain, a.etag = data, `"`+hex.EncodeToString(sum[:12])+`"`
	}
}

// mediaType does not ask the system's tables, which differ between machines.
func mediaType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	case ".webmanifest":
		return "application/manifest+json"
	case ".svg":
		return "image/svg+xml"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

// ServeHTTP serves GET and HEAD.
func (c *client) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		c.problems.methodNotAllowed(w, r, "GET, HEAD")
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if a := c.files[name]; a != nil {
		c.serveAsset(w, r, name, a)
		return
	}
	// An address with an extension, or with a name that begins with a dot, is a file that is not there; the client's own addresses have neither.
	if path.Ext(name) != "" && name != "index.html" || strings.HasPrefix(name, "assets/") || strings.Contains("/"+name, "/.") {
		c.problems.notFound(w, r)
		return
	}
	c.servePage(w, r)
}

func (c *client) servePage(w http.ResponseWriter, r *http.Request) {
	if c.page == nil {
		c.problems.status(r.Context(), w, http.StatusNotFound, "no_web_client", notBuilt)
		return
	}
	page := c.page["system"]
	if cookie, err := r.Cookie(themeCookie); err == nil && c.page[cookie.Value] != nil {
		page = c.page[cookie.Value]
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Cookie")
	send(w, r, page)
}

func (c *client) serveAsset(w http.ResponseWriter, r *http.Request, name string, a *asset) {
	h := w.Header()
	h.Set("ETag", a.etag)
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // their names change with their content
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.mediaType)
	data := a.plain
	if a.brotli != nil || a.gzip != nil {
		h.Set("Vary", "Accept-Encoding")
		accepted := r.Header.Get("Accept-Encoding")
		switch {
		case a.brotli != nil && accepts(accepted, "br"):
			h.Set("Content-Encoding", "br")
			data = a.brotli
		case a.gzip != nil && accepts(accepted, "gzip"):
			h.Set("Content-Encoding", "gzip")
			data = a.gzip
		}
	}
	send(w, r, data)
}

// accepts reports whether an Accept-Encoding header names an encoding without forbidding it.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == encoding {
			return strings.ReplaceAll(quality, " ", "") != "q=0"
		}
	}
	return false
}

func send(w http.ResponseWriter, r *http.Request, data []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(data) // a client that hung up is nobody to tell
}
