package chat

import (
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of an account.
const (
	MinUsername    = 3
	MaxUsername    = 32
	MinPassword    = 10
	MaxPassword    = 256
	MaxDisplayName = 64
	MaxEmail       = 254 // RFC 5321, section 4.5.3.1.3, less the angle brackets
)

// User is a person with an account.
type User struct {
	ID          UserID
	Username    string
	DisplayName string
	// Email is an address that is theirs for sure: they have read what was sent to it. It is nobody else's. Empty when there is none; never
	// shown to others, like PendingEmail, which they say is theirs. That one belongs to nobody and opens nothing.
	Email, PendingEmail string
	CreatedAt           time.Time
	Role                ServerRole
	// DeactivatedAt is when the account was closed to its owner; zero: it is open.
	DeactivatedAt time.Time
}

// Deactivated reports whether the account is closed to its owner.
func (u User) Deactivated() bool { return !u.DeactivatedAt.IsZero() }

// SignUp is what a person gives to get an account.
type SignUp struct {
	Username, Password, DisplayName, Email string
	Invite                                 string // the secret of an invite link; empty without one
}

// reservedUsernames would be mistaken for the server, for its staff, or for a mention of everybody.
var reservedUsernames = []string{
	"admin", "administrator", "all", "anonymous", "api", "bot", "channel", "everyone", "here", "me", "mod", "moderator", "nobody", "null",
	"owner", "parley", "root", "room", "security", "server", "staff", "support", "system", "undefined", "webhook",
}

// CheckUsername says what is wrong with a username. The alphabet is ASCII, which rules out look-alikes from other scripts.
func CheckUsername(s string) Fault {
	if f := Encoding(s); f.Code != "" {
		return f
	}
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return Fault{"required", "A username is needed."}
	case n < MinUsername:
		return Fault{"too_short", "A username has at least 3 characters."}
	case n > MaxUsername:
		return Fault{"too_long", "A username has at most 32 characters."}
	}
	if !only(s, "_.-") {
		return Fault{"alphabet", "A username has only the letters a-z, digits, '_', '.' and '-'."}
	}
	if strings.Trim(s, "._-") == "" {
		return Fault{"alphabet", "A username has at least one letter or digit."}
	}
	if slices.Contains(reservedUsernames, Fold(s)) {
		return Fault{"reserved", "This username is reserved."}
	}
	return Fault{}
}

// Fold returns the form in which names are compared: without regard to case. The database compares what this returns, because the two
// engines fold non-ASCII letters differently.
func Fold(s string) string { return strings.ToLower(s) }

// Faults lists every fault of a sign-up.
func (s SignUp) Faults() Faults {
	var faults Faults
	f := CheckUsername(s.Username)
	faults.Add("username", f.Code, f.Detail)
	f = CheckPassword(s.Password)
	faults.Add("password", f.Code, f.Detail)
	f = Line(s.DisplayName, 0, MaxDisplayName)
	faults.Add("display_name", f.Code, f.Detail)
	f = CheckEmail(s.Email)
	faults.Add("email", f.Code, f.Detail)
	return faults
}

// CheckPassword says what is wrong with a new password. Length is what counts (NIST SP 800-63B, section 3.1.1); the upper limit only
// bounds the work of hashing.
func CheckPassword(s string) Fault {
	if f := Encoding(s); f.Code != "" {
		return f
	}
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return Fault{"required", "A password is needed."}
	case n < MinPassword:
		return Fault{"too_short", "A password has at least 10 characters."}
	case n > MaxPassword:
		return Fault{"too_long", "A password has at most 256 characters."}
	}
	return Fault{}
}

// CommonPassword is the fault of a password that is long enough and still guessed early.
var CommonPassword = Fault{"common", "Many people use this password, or it has your name in it. A few words that do not belong together are better."}

// CheckEmail says what is wrong with an e-mail address; an empty one is fine.
func CheckEmail(s string) Fault {
	if s == "" {
		return Fault{}
	}
	if f := Line(s, 3, MaxEmail); f.Code != "" {
		return f
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" {
		return Fault{"not_an_email", "This is not an e-mail address."}
	}
	return Fault{}
}
