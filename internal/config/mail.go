package config

import (
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Mail says how e-mail leaves. At most one of Folder and Host is set; with neither, none leaves.
type Mail struct {
	Folder         bool // into files in the data folder
	Host           string
	Port           int
	User, Password string
	TLS            bool // from the first byte; otherwise STARTTLS is demanded, unless Open
	Open           bool
	// From is who mails are from; nil when nothing was said.
	From *mail.Address
	// Alerts are mails about sign-ins from new devices and about copied sessions.
	Alerts bool
}

// String shows where mail goes, without the password.
func (m Mail) String() string {
	switch {
	case m.Folder:
		return "folder"
	case m.Off():
		return "off"
	}
	return net.JoinHostPort(m.Host, strconv.Itoa(m.Port))
}

// Off says that no e-mail leaves.
func (m Mail) Off() bool { return !m.Folder && m.Host == "" }

func mailTable(c *Config) []row {
	return []row{
		{Setting: Setting{
			Name: "PARLEY_SMTP_URL", Default: "folder", Production: "off", Secret: true,
			Description: "The mail server: smtp://user:password@host:587, which demands STARTTLS unless it ends in ?starttls=off, or smtps://…; " +
				"off; or, in development, folder: mails become files in the data folder.",
		}, parse: smtpURL(&c.Mail), show: redactURL},
		{Setting: Setting{
			Name:        "PARLEY_MAIL_FROM",
			Description: "Whom mails are from, such as Parley <parley@example.org>. Needed with a mail server, which has to accept it.",
		}, parse: sender(&c.Mail.From)},
		{Setting: Setting{
			Name: "PARLEY_MAIL_ALERTS", Default: "true",
			Description: "Whether people get a mail, besides the notice, about a sign-in from a new device and about a copied session.",
		}, parse: boolean(&c.Mail.Alerts)},
	}
}

// The ports when a URL names none: submission, and submission within TLS (RFC 6409, RFC 8314).
const (
	portSMTP  = 587
	portSMTPS = 465
)

func smtpURL(to *Mail) parser {
	return func(text string) *complaint {
		const fix = "say smtp://user:password@host:587, smtps://… or off"
		alerts, from := to.Alerts, to.From
		*to = Mail{Alerts: alerts, From: from}
		switch text {
		case "off":
			return nil
		case "folder":
			to.Folder = true
			return nil
		}
		u, err := url.Parse(text)
		if err != nil || u.Opaque != "" || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" {
			return complain("it is not an smtp:// or smtps:// address", fix)
		}
		if strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
			return complain("there is something after its host", fix+"; write / and # within a password as %2F and %23")
		}
		port, c := smtpPort(u)
		if c == nil {
			c = smtpQuery(u)
		}
		if c != nil {
			return c
		}
		to.Host, to.Port, to.TLS, to.Open = u.Hostname(), port, u.Scheme == "smtps", u.Query().Get("starttls") == "off"
		to.User = u.User.Username()
		to.Password, _ = u.User.Password()
		return nil
	}
}

func smtpPort(u *url.URL) (int, *complaint) {
	switch {
	case u.Port() == "" && u.Scheme == "smtps":
		return portSMTPS, nil
	case u.Port() == "":
		return portSMTP, nil
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil || port < 1 || port > 65535 {
		return 0, complain("its port is not a number from 1 to 65535", "say for example :587, or leave it out")
	}
	return port, nil
}

func smtpQuery(u *url.URL) *complaint {
	for key, values := range u.Query() {
		if key != "starttls" || u.Scheme == "smtps" || len(values) != 1 || !slices.Contains([]string{"required", "off"}, values[0]) {
			return complain("what is after its question mark is not known", "say ?starttls=off, and only with smtp://, or nothing")
		}
	}
	return nil
}

func sender(to **mail.Address) parser {
	return func(text string) *complaint {
		a, err := mail.ParseAddress(text)
		if err != nil || strings.ContainsFunc(a.Name+a.Address, unicode.IsControl) {
			return complain("it is not an address", "say for example Parley <parley@example.org>")
		}
		*to = a
		return nil
	}
}

func checkMail(c *Config, faults *Faults) {
	if c.Mail.Folder && c.Env == Production && !faults.has("PARLEY_SMTP_URL") {
		faults.add("PARLEY_SMTP_URL", "folder is for development: nobody would get the mails", "say smtp://…, or off")
	}
	if c.Mail.Host != "" && c.Mail.From == nil && !faults.has("PARLEY_MAIL_FROM") {
		faults.add("PARLEY_MAIL_FROM", "PARLEY_SMTP_URL is set, and mails have to be from somebody", "say for example Parley <parley@example.org>")
	}
	if c.Mail.Open && c.Env == Production && !loopback(c.Mail.Host) {
		c.Warnings = append(c.Warnings, "PARLEY_SMTP_URL: without STARTTLS everybody on the way can read mails, and take over accounts with what is in them.")
	}
}
