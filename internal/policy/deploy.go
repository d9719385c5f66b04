package policy

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/yaml"
)

var (
	settingName    = regexp.MustCompile(`\b(PARLEY_[A-Z0-9_]+)`)
	settingRow     = regexp.MustCompile(`Name: "(PARLEY_[A-Z0-9_]+)", Default: "([^"]*)"`)
	anySetting     = regexp.MustCompile(`Name: "(PARLEY_[A-Z0-9_]+)"`)
	timeoutStop    = regexp.MustCompile(`(?m)^TimeoutStopSec=(\S+)`)
	nginxComment   = regexp.MustCompile(`(?m)#.*$`)
	nginxSocket    = regexp.MustCompile(`(?s)location = /api/v1/socket \{(.*?)\}`)
	nginxReadTime  = regexp.MustCompile(`proxy_read_timeout (\S+);`)
	nginxMustHaves = []string{
		"proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection $connection_upgrade;",
		"proxy_set_header X-Forwarded-For $remote_addr;", "proxy_set_header Host $http_host;", "proxy_http_version 1.1;",
	}
)

type composeFile struct {
	Services map[string]composeService `yaml:"services"`
}

type composeService struct {
	Image       string         `yaml:"image"`
	Restart     string         `yaml:"restart"`
	StopGrace   string         `yaml:"stop_grace_period"`
	Ports       []string       `yaml:"ports"`
	Healthcheck map[string]any `yaml:"healthcheck"`
	Environment map[string]any `yaml:"environment"`
	ReadOnly    bool           `yaml:"read_only"`
	CapDrop     []string       `yaml:"cap_drop"`
}

const ourImage = "parley"

// published are the ports that the world could reach and should not: only the proxy is for the world.
func (s composeService) published() []string {
	return slices.DeleteFunc(slices.Clone(s.Ports), func(port string) bool {
		proxy := strings.HasPrefix(s.Image, "nginx:")
		local := s.Image == ourImage && strings.HasPrefix(port, "127.0.0.1:")
		return (proxy || local) && !strings.HasSuffix(port, ":9090")
	})
}

// CheckDeployment returns what in deploy/ would harm those who use it: a service manager that kills a node which is still moving people away, a
// database that can be reached from outside, a proxy that closes sockets or repeats posts, a setting that does not exist.
func CheckDeployment(tree fs.FS) ([]string, error) {
	d := deployment{defaults: map[string]string{}}
	if err := d.readSettings(tree); err != nil {
		return nil, err
	}
	files, err := fs.Glob(tree, "deploy/*")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		for setting := range named(settingName, source) {
			if !d.settings[setting] {
				d.fault("%s: there is no setting %s", name, setting)
			}
		}
		switch base := path.Base(name); {
		case strings.HasPrefix(base, "compose") && path.Ext(base) == ".yaml":
			err = d.compose(name, source)
		case path.Ext(base) == ".service":
			err = d.unit(name, source)
		case base == "nginx.conf":
			err = d.nginx(name, string(nginxComment.ReplaceAll(source, nil)))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	slices.Sort(d.faults)
	return d.faults, nil
}

type deployment struct {
	settings map[string]bool
	defaults map[string]string
	faults   []string
}

func (d *deployment) fault(format string, args ...any) {
	d.faults = append(d.faults, fmt.Sprintf(format, args...))
}

// readSettings takes names and defaults from the source of the table: this package knows nothing of the others.
func (d *deployment) readSettings(tree fs.FS) error {
	d.settings = map[string]bool{}
	files, err := fs.Glob(tree, "internal/config/*.go")
	if err != nil {
		return err
	}
	for _, name := range files {
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		for setting := range named(anySetting, source) {
			d.settings[setting] = true
		}
		for _, row := range settingRow.FindAllSubmatch(source, -1) {
			d.defaults[string(row[1])] = string(row[2])
		}
	}
	return nil
}

// duration is that of a setting: what a file says, or the default.
func (d *deployment) duration(setting string, said map[string]any) (time.Duration, error) {
	text := d.defaults[setting]
	if v, ok := said[setting]; ok {
		text = fmt.Sprint(v)
	}
	return time.ParseDuration(text)
}

func (d *deployment) compose(name string, source []byte) error {
	var file composeFile
	if err := yaml.Unmarshal(source, &file); err != nil {
		return err
	}
	for service, s := range file.Services {
		for _, port := range s.published() {
			d.fault("%s: %s can be reached from outside at %s", name, service, port)
		}
		if s.Restart == "no" {
			continue
		}
		if s.Healthcheck == nil {
			d.fault("%s: %s has no healthcheck", name, service)
		}
		if s.Image != ourImage {
			continue
		}
		if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") {
			d.fault("%s: %s has rights that it does not need", name, service)
		}
		grace, err := d.duration("PARLEY_HTTP_SHUTDOWN_GRACE", s.Environment)
		if err != nil {
			return err
		}
		if patience, err := time.ParseDuration(s.StopGrace); err != nil || patience <= grace {
			d.fault("%s: %s is killed after %q, and its own grace is %s", name, service, s.StopGrace, grace)
		}
	}
	return nil
}

func (d *deployment) unit(name string, source []byte) error {
	grace, err := d.duration("PARLEY_HTTP_SHUTDOWN_GRACE", nil)
	if err != nil {
		return err
	}
	found := timeoutStop.FindSubmatch(source)
	if found == nil {
		d.fault("%s: TimeoutStopSec is not said", name)
		return nil
	}
	if patience, err := time.ParseDuration(string(found[1])); err != nil || patience <= grace {
		d.fault("%s: TimeoutStopSec=%s is not above the server's own grace of %s", name, found[1], grace)
	}
	return nil
}

func (d *deployment) nginx(name, text string) error {
	for _, line := range nginxMustHaves {
		if !strings.Contains(text, line) {
			d.fault("%s: lacks %s", name, line)
		}
	}
	if strings.Contains(text, "non_idempotent") {
		d.fault("%s: repeats posts that may have been heard", name)
	}
	ping, err := d.duration("PARLEY_SOCKET_PING", nil)
	if err != nil {
		return err
	}
	pong, err := d.duration("PARLEY_SOCKET_PONG_TIMEOUT", nil)
	if err != nil {
		return err
	}
	silence := ""
	if socket := nginxSocket.FindStringSubmatch(text); socket != nil {
		if found := nginxReadTime.FindStringSubmatch(socket[1]); found != nil {
			silence = found[1]
		}
	}
	if patience, err := time.ParseDuration(silence); err != nil || patience <= ping+pong {
		d.fault("%s: closes a socket that is silent for %q, and one that lives may be for %s", name, silence, ping+pong)
	}
	return nil
}
