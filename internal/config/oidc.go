package config

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// OIDC says who may vouch for people.
type OIDC struct {
	Providers []OIDCProvider
	SignUp    OIDCSignUp
}

// OIDCSignUp says whether a person whom a provider knows and Parley does not gets an account.
type OIDCSignUp string

// With OIDCSignUpPolicy they get one when everybody else would.
const (
	OIDCSignUpPolicy OIDCSignUp = "policy"
	OIDCSignUpAlways OIDCSignUp = "always"
	OIDCSignUpNever  OIDCSignUp = "never"
)

// OIDCProvider is one OpenID Connect provider.
type OIDCProvider struct {
	// ID is in addresses and in the names of the settings; Name is what people read.
	ID, Name string
	// Issuer is compared letter by letter with what the provider says of itself.
	Issuer, ClientID, ClientSecret string
	Scopes                         []string
	GroupsClaim                    string
	// Roles gives members of a group a role on this server; empty leaves roles alone.
	Roles map[string]string
	// PrivateNetwork lets the provider be at an address that is not reachable from the internet.
	PrivateNetwork bool
}

const (
	oidcPrefix       = prefix + "OIDC_"
	oidcProvidersKey = oidcPrefix + "PROVIDERS"
	maxOIDCProviders = 16
)

func oidcTable(c *Config) []row {
	return []row{
		{Setting: Setting{
			Name: oidcProvidersKey, Default: "none",
			Description: "OpenID Connect providers people may sign in with: short names of our choice, separated by commas, or none. Each has settings " +
				"PARLEY_OIDC_<NAME>_… of its own, see docs/operations.md.",
		}, parse: oidcProviders(&c.OIDC.Providers)},
		{Setting: Setting{
			Name: oidcPrefix + "SIGN_UP", Default: string(OIDCSignUpPolicy),
			Description: "Whether somebody a provider knows and Parley does not gets an account: policy (as everybody else), always or never.",
		}, parse: choice(&c.OIDC.SignUp, OIDCSignUpPolicy, OIDCSignUpAlways, OIDCSignUpNever)},
	}
}

// oidcRows are the settings of the providers that PARLEY_OIDC_PROVIDERS names. They are known only after it has been read, so they are no part of
// the table.
func oidcRows(c *Config, given map[string]string) (rows []row) {
	_ = oidcProviders(&c.OIDC.Providers)(cmp.Or(given[oidcProvidersKey], "none")) // its own row tells what is wrong with it
	for i := range c.OIDC.Providers {
		p := &c.OIDC.Providers[i]
		name := oidcPrefix + strings.ToUpper(p.ID)
		rows = append(rows, []row{
			{Setting: Setting{Name: name + "_NAME", Default: p.ID}, parse: words(&p.Name, 40)},
			{Setting: Setting{Name: name + "_ISSUER"}, parse: issuer(c, &p.Issuer), show: redactUser},
			{Setting: Setting{Name: name + "_CLIENT_ID"}, parse: words(&p.ClientID, 255)},
			{Setting: Setting{Name: name + "_CLIENT_SECRET", Secret: true}, parse: words(&p.ClientSecret, 1024), show: redactAll},
			{Setting: Setting{Name: name + "_SCOPES", Default: "openid profile email"}, parse: scopes(&p.Scopes)},
			{Setting: Setting{Name: name + "_GROUPS_CLAIM", Default: "groups"}, parse: words(&p.GroupsClaim, 255)},
			{Setting: Setting{Name: name + "_ROLE_MAP", Default: "none"}, parse: roleMap(&p.Roles)},
			{Setting: Setting{Name: name + "_PRIVATE_NETWORK", Default: "false"}, parse: boolean(&p.PrivateNetwork)},
		}...)
	}
	return rows
}

func oidcProviders(to *[]OIDCProvider) parser {
	return func(text string) *complaint {
		var list []OIDCProvider
		if text == "none" {
			*to = nil
			return nil
		}
		for entry := range strings.SplitSeq(text, ",") {
			id := strings.ToLower(strings.TrimSpace(entry))
			switch {
			case id == "" || len(id) > 16 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789") != "":
				return complain(fmt.Sprintf("%q cannot name a provider", entry), "use 1 to 16 letters and digits, such as corp, or say none")
			case slices.ContainsFunc(list, func(p OIDCProvider) bool { return p.ID == id }):
				return complain(fmt.Sprintf("%q is there twice", id), "name each provider once")
			case len(list) == maxOIDCProviders:
				return complain(fmt.Sprintf("there are more than %d", maxOIDCProviders), "name fewer")
			}
			list = append(list, OIDCProvider{ID: id})
		}
		// The fields of those that are known already are being filled in by their own rows.
		if !slices.EqualFunc(*to, list, func(a, b OIDCProvider) bool { return a.ID == b.ID }) {
			*to = list
		}
		return nil
	}
}

// words takes a text of one line that is shown to people or sent to a provider as it is.
func words(to *string, most int) parser {
	return func(text string) *complaint {
		if len(text) > most || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return complain(fmt.Sprintf("it is longer than %d bytes or has a line break", most), "shorten it to one line")
		}
		*to = text
		return nil
	}
}

// issuer keeps the text as it was given, because tokens repeat it letter by letter.
func issuer(c *Config, to *string) parser {
	return func(text string) *complaint {
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Opaque != "" || u.Hostname() == "" || !validHost(u) || (u.Scheme != "https" && u.Scheme != "http"):
			return complain("it is not an https:// address", "say what the provider calls its issuer, such as https://login.example.org")
		case u.User != nil || strings.ContainsAny(text, "?#"):
			return complain("it holds a user name, a query or a fragment", "say only scheme, host and path")
		case u.Scheme == "http" && (c.Env == Production || !loopback(u.Hostname())):
			return complain("it is http://, so everybody on the way could sign in as anybody", "say https://…; only in development may a provider on this machine be http://")
		}
		*to = text
		return nil
	}
}

func scopes(to *[]string) parser {
	return func(text string) *complaint {
		list := strings.Fields(strings.ReplaceAll(text, ",", " "))
		if !slices.Contains(list, "openid") {
			return complain("openid is not among them", "say for example openid profile email")
		}
		// RFC 6749, section 3.3
		if strings.ContainsFunc(strings.Join(list, ""), func(r rune) bool { return r < '!' || r > '~' || r == '"' || r == '\\' }) {
			return complain("a scope has letters that no scope has", "say for example openid profile email")
		}
		*to = list
		return nil
	}
}

// roleMap reads group=role pairs. A group may have any letters but the comma; the last equals sign ends it.
func roleMap(to *map[string]string) parser {
	return func(text string) *complaint {
		*to = nil
		if text == "none" {
			return nil
		}
		roles := map[string]string{}
		for entry := range strings.SplitSeq(text, ",") {
			entry = strings.TrimSpace(entry)
			at := strings.LastIndex(entry, "=")
			if at < 1 || !slices.Contains([]string{"owner", "admin", "member"}, entry[at+1:]) {
				return complain(fmt.Sprintf("%q is not a group and a role", entry), "say for example staff=member,ops=admin; roles are owner, admin and member")
			}
			roles[entry[:at]] = entry[at+1:]
		}
		*to = roles
		return nil
	}
}

// checkOIDC asks for what a provider cannot do without.
func checkOIDC(c *Config, faults *Faults) {
	issuers := map[string]string{}
	for _, p := range c.OIDC.Providers {
		name := oidcPrefix + strings.ToUpper(p.ID)
		if p.Issuer == "" && !faults.has(name+"_ISSUER") {
			faults.add(name+"_ISSUER", oidcProvidersKey+" names this provider", "say what the provider calls its issuer, such as https://login.example.org")
		}
		if p.ClientID == "" && !faults.has(name+"_CLIENT_ID") {
			faults.add(name+"_CLIENT_ID", oidcProvidersKey+" names this provider", "register Parley at the provider and say the client id it gives")
		}
		// People are found by issuer and subject: two of one issuer would be one to them, and two on the page.
		if other, taken := issuers[p.Issuer]; taken && p.Issuer != "" {
			faults.add(name+"_ISSUER", "it is the issuer of "+other+" too", "keep one of the two")
		}
		issuers[p.Issuer] = p.ID
		if p.PrivateNetwork && c.Env == Production {
			c.Warnings = append(c.Warnings, name+"_PRIVATE_NETWORK: what this provider names as its endpoints is fetched from your own network too.")
		}
	}
}
