package telemetry

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
)

const redacted = "[redacted]"

// redact hides what must not be in a log: every value whose key, or one of the groups around it, names a secret;
// such members of maps and structures that are logged whole; and passwords of URLs. It goes by names only: a secret
// inside of a message or under a harmless key cannot be told from other text.
func redact(groups []string, a slog.Attr) slog.Attr {
	for _, group := range groups {
		if secretName(group) {
			return slog.String(a.Key, redacted)
		}
	}
	if secretName(a.Key) {
		return slog.String(a.Key, redacted)
	}
	if a.Value.Kind() == slog.KindAny {
		a.Value = redactAny(a.Value)
	}
	return a
}

// secretName goes by parts of the name, so that refresh_token, Set-Cookie and newPassword are all meant. Hiding a
// harmless token_count is the cheaper mistake. It runs for every attribute of every line and allocates nothing.
func secretName(name string) bool {
	var buffer [64]byte
	folded := buffer[:0]
	for _, c := range []byte(name) {
		switch {
		case c == '_', c == '-', c == '.', c == ' ':
		case 'A' <= c && c <= 'Z':
			folded = append(folded, c+'a'-'A')
		default:
			folded = append(folded, c)
		}
	}
	for _, part := range [...]string{
		"token", "password", "passwd", "passphrase", "authorization", "cookie", "secret", "credential",
		"apikey", "privatekey", "signingkey", "signingseed",
	} {
		if bytes.Contains(folded, []byte(part)) {
			return true
		}
	}
	return false
}

func redactAny(v slog.Value) slog.Value {
	switch value := v.Any().(type) {
	case *url.URL:
		if value != nil {
			return slog.StringValue(value.Redacted())
		}
		return v
	case []byte, error, fmt.Stringer, encoding.TextMarshaler, json.Marshaler:
		return v // text, or what says itself how it wants to be seen
	}
	switch reflect.Indirect(reflect.ValueOf(v.Any())).Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
	default:
		return v
	}
	// Through JSON, because that gives members the names that the log would show. It is slow, and so is what it
	// replaces: nothing on a hot path logs whole structures.
	text, err := json.Marshal(v.Any())
	if err != nil {
		return slog.StringValue("[" + err.Error() + "]")
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a float64 would round ids
	if err := decoder.Decode(&tree); err != nil {
		return slog.StringValue("[" + err.Error() + "]")
	}
	return slog.AnyValue(redactTree(tree))
}

func redactTree(tree any) any {
	switch node := tree.(type) {
	case map[string]any:
		for name, value := range node {
			if secretName(name) {
				node[name] = redacted
				continue
			}
			node[name] = redactTree(value)
		}
	case []any:
		for i := range node {
			node[i] = redactTree(node[i])
		}
	}
	return tree
}
