package chat

import (
	"strings"
	"time"
)

// TwoFactor says whether somebody's sign-in asks for a code.
type TwoFactor struct {
	Available bool // the server has a key to keep secrets under
	Enabled   bool
	EnabledAt time.Time
	CodesLeft int // recovery codes that were not used yet
}

// TOTPKey is the secret that an account shares with an authenticator app.
type TOTPKey struct {
	User      UserID
	Sealed    string // encrypted: the store cannot read it
	LastStep  int64  // of the last code that was accepted
	CreatedAt time.Time
	CodesLeft int
}

// SecondFactor is what somebody shows besides the password: one of the two.
type SecondFactor struct{ Code, RecoveryCode string }

// Methods of a second factor.
const (
	MethodTOTP         = "totp"
	MethodRecoveryCode = "recovery_code"
	MethodPasskey      = "passkey"
)

// maxCode bounds what is looked at of a code, with the spaces and hyphens that people type.
const maxCode = 64

// Check says what is wrong with the form of a second factor, before anything is asked of it. Spaces in a code do not count.
func (s *SecondFactor) Check() error {
	var faults Faults
	s.Code = strings.ReplaceAll(s.Code[:min(len(s.Code), maxCode)], " ", "")
	switch {
	case s.Code == "" && s.RecoveryCode == "":
		faults.Add("code", "required", "A code is needed.")
	case s.Code != "" && s.RecoveryCode != "":
		faults.Add("recovery_code", "one_of", "Send one of the two codes.")
	case s.Code != "" && (len(s.Code) != 6 || strings.Trim(s.Code, "0123456789") != ""):
		faults.Add("code", "format", "A code has six digits.")
	case len(s.RecoveryCode) > maxCode:
		faults.Add("recovery_code", "format", "A recovery code has 16 letters and digits.")
	}
	return faults.Err()
}

// What can be wrong with a second factor.
var (
	ErrWrongCode         = wrongCode("code", "wrong", "This code does not match. Codes change every 30 seconds.")
	ErrCodeUsed          = wrongCode("code", "used", "This code was used already. Wait for the next one.")
	ErrWrongRecoveryCode = wrongCode("recovery_code", "wrong", "This is none of your recovery codes, or it was used already.")
	ErrTwoFactorOn       = &Error{Kind: KindConflict, Code: "two_factor_on", Detail: "Two-step sign-in is on already."}
	ErrTwoFactorOff      = &Error{Kind: KindConflict, Code: "two_factor_off", Detail: "Two-step sign-in is not on."}
	// ErrTwoFactorUnavailable is for a server without a key, or without the key that a secret was sealed with.
	ErrTwoFactorUnavailable = &Error{
		Kind: KindUnavailable, Code: "two_factor_unavailable", Detail: "This server cannot check codes of authenticator apps at the moment.",
	}
)

func wrongCode(field, code, detail string) *Error {
	return &Error{Kind: KindInvalid, Code: "wrong_code", Detail: detail, Fields: []FieldError{{Field: field, Code: code, Detail: detail}}}
}
