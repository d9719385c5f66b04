package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"parley/internal/chat"
)

type deviceKey struct{}

// withDevice notes where a request comes from, for the endpoints that write it down.
func withDevice(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if beforeSignIn(r.URL.Path) || audited(r) {
			d := chat.Device{Agent: agent(r.UserAgent()), Place: place(r.RemoteAddr)}
			r = r.WithContext(context.WithValue(r.Context(), deviceKey{}, d))
		}
		next.ServeHTTP(w, r)
	})
}

// audited reports whether a request is about what goes into the audit: one's own account, other people's, and the end of a room.
func audited(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/v1/me/") || strings.HasPrefix(r.URL.Path, "/api/v1/admin/") || r.Method == http.MethodDelete
}

func device(ctx context.Context) chat.Device {
	d, _ := ctx.Value(deviceKey{}).(chat.Device)
	return d
}

// How much of an address is kept: enough for a person to tell home from elsewhere and for a device to stay the same one when its address
// changes a little, not enough to say who it was.
const (
	placeBits4 = 24
	placeBits6 = 48
)

// place is the network of an address, empty when there is none.
func place(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return ""
	}
	ip, bits := at.Addr().Unmap().WithZone(""), placeBits6
	if ip.Is4() {
		bits = placeBits4
	}
	return netip.PrefixFrom(ip, bits).Masked().String()
}

// Programs and systems by what they write into User-Agent, the more special before the more general: every browser names Mozilla, Edge and
// Opera name Chrome, Chrome names Safari, Android names Linux, and an iPhone names Mac OS X.
var (
	programs = []struct{ mark, name string }{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"Vivaldi/", "Vivaldi"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Firefox/", "Firefox"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
		{"Go-http-client", "Go program"},
		{"python-", "Python program"},
	}
	systems = []struct{ mark, name string }{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"CrOS", "ChromeOS"},
		{"Windows", "Windows"},
		{"Mac OS X", "macOS"},
		{"Linux", "Linux"},
		{"BSD", "BSD"},
	}
)

// agent names the program and the system in a User-Agent header. It is a help to the memory and nothing more: the header is the client's own
// text, so only words of these lists come out, and no versions, with which a device would be a new one after each update.
func agent(header string) string {
	program, system := "", ""
	for _, p := range programs {
		if strings.Contains(header, p.mark) {
			program = p.name
			break
		}
	}
	for _, s := range systems {
		if strings.Contains(header, s.mark) {
			system = s.name
			break
		}
	}
	switch {
	case program != "" && system != "":
		return program + " on " + system
	case program != "":
		return program
	case system != "":
		return "Unknown program on " + system
	}
	return "Unknown program"
}
