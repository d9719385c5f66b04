package service

import (
	"fmt"
	"time"

	"parley/internal/chat"
	"parley/internal/mail"
)

// occasion is what a letter is written about.
type occasion struct {
	site     string // the host people know this server by
	username string // the only thing in a letter that a stranger may have chosen: its alphabet holds no words to say something with
	link     string
	device   chat.Device
	at       time.Time
}

// write is every word that this server sends by mail, in English. Another language is another function like it.
func (o occasion) write(kind chat.MailKind) mail.Letter {
	l := mail.Letter{Language: "en", Link: o.link, Footer: "Sent by Parley at " + o.site + ". Nobody reads answers to this address."}
	switch kind {
	case chat.MailVerify:
		l.Subject, l.Heading, l.Action = "Confirm your address for "+o.site, "Is this your address?", "Confirm this address"
		l.Paragraphs = []string{"The account @" + o.username + " at " + o.site + " gave this address as its own. Confirm it, and you can reset your password if you ever forget it."}
		l.Note = "The link works once, for 24 hours. If this is not your account, do nothing, and the address will not be used."
	case chat.MailReset:
		l.Subject, l.Heading, l.Action = "A new password for "+o.site, "Choose a new password", "Choose a new password"
		l.Paragraphs = []string{"Somebody, you we hope, forgot the password of @" + o.username + " at " + o.site + "."}
		l.Note = "The link works once, for 30 minutes, and only the newest one does. If you did not ask for it, do nothing: your password stays as it is."
	case chat.MailAddressChanged:
		l.Subject, l.Heading = "Your address at "+o.site+" is being changed", "Your address is being changed"
		l.Paragraphs = []string{"@" + o.username + " gave another e-mail address: " + o.from() + ". It replaces this one as soon as it is confirmed.", change}
	case chat.MailAddressRemoved:
		l.Subject, l.Heading = "Your address at "+o.site+" was removed", "Your address was removed"
		l.Paragraphs = []string{"@" + o.username + " has no e-mail address any more, and this one gets no more mail from " + o.site + ": " + o.from() + ".", change}
	case chat.MailPasswordChanged:
		l.Subject, l.Heading = "Your password at "+o.site+" was changed", "Your password was changed"
		l.Paragraphs = []string{
			"@" + o.username + " has a new password: " + o.from() + ". Every other device was signed out.",
			"If this was not you, choose “Forgot your password?” on the sign-in page now.",
		}
	case chat.MailPasswordReset:
		l.Subject, l.Heading = "Your password at "+o.site+" was changed", "Your password was changed"
		l.Paragraphs = []string{
			"@" + o.username + " has a new password, set with a link that was sent to this address: " + o.from() + ". Every device was signed out.",
			"If this was not you, somebody else reads your mail. Change the password of your mailbox first, then this one.",
		}
	case chat.MailSessionOpened:
		l.Subject, l.Heading = "A new sign-in at "+o.site, "A new sign-in"
		l.Paragraphs = []string{"@" + o.username + " was signed in to from a device that was not seen before: " + o.from() + ".", change}
	case chat.MailSessionReused:
		l.Subject, l.Heading = "One of your devices at "+o.site+" was signed out", "One of your devices was signed out"
		l.Paragraphs = []string{
			"A copy of a session of @" + o.username + " was used: " + o.from() + ". The session has ended on both sides.",
			"Change your password if you do not know why.",
		}
	default:
		said := proofs[kind]
		l.Subject, l.Heading = said[0]+" at "+o.site, said[0]
		l.Paragraphs = []string{fmt.Sprintf(said[1], "@"+o.username) + ": " + o.from() + ".", change}
	}
	return l
}

// change is what to do about a letter that its reader did not expect.
const change = "If this was not you, somebody else has got in: change your password now, and sign out the devices that you do not know."

// proofs are the letters about what signs a person in besides the password: the heading, and what happened.
var proofs = map[chat.MailKind][2]string{
	chat.MailTwoFactorEnabled:  {"Two-step sign-in was turned on", "Signing in to %s asks for a code from now on"},
	chat.MailTwoFactorDisabled: {"Two-step sign-in was turned off", "The password alone signs in to %s from now on"},
	chat.MailRecoveryUsed:      {"A recovery code was used", "A recovery code of %s was used"},
	chat.MailPasskeyAdded:      {"A passkey was added", "A passkey was added that signs in to %s"},
	chat.MailIdentityLinked:    {"Another account was connected", "An account at a provider was connected that signs in to %s"},
	chat.MailPasskeyCopied:     {"A passkey was refused", "A passkey of %s was refused because a copy of it seems to exist; delete it and add a new one"},
}

// from says where and when something happened.
func (o occasion) from() string {
	text := "at " + o.at.UTC().Format("15:04 UTC on 2 January 2006")
	if o.device.Place != "" {
		text = fmt.Sprintf("from %s, %s", o.device.Place, text)
	}
	if o.device.Agent != "" {
		text = o.device.Agent + ", " + text
	}
	return text
}
