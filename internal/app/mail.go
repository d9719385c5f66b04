package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	netmail "net/mail"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/chat"
	"parley/internal/config"
	"parley/internal/mail"
	"parley/internal/service"
)

const (
	// mailTimeout is how long one mail may take. A mail server that checks a lot before it takes a message needs some of it.
	mailTimeout = 30 * time.Second
	// mailEvery is how often a node looks for mails that are due again, or that a node which is gone has left.
	mailEvery = 2 * time.Second
)

// NewSender makes what the settings send mail with, and says where that is; nil where no mail is sent.
func NewSender(c config.Config, clock chat.Clock) (sender mail.Sender, where string) {
	m := c.Mail
	envelope := mail.Envelope{From: m.From, Clock: clock}
	switch {
	case m.Folder:
		if envelope.From == nil {
			envelope.From = &netmail.Address{Name: "Parley", Address: "parley@localhost"}
		}
		dir := filepath.Join(c.DataDir, "mail")
		return &mail.Folder{Dir: dir, Envelope: envelope}, dir
	case m.Host != "":
		security := mail.STARTTLS
		if m.TLS {
			security = mail.TLS
		} else if m.Open {
			security = mail.Open
		}
		return mail.NewSMTP(mail.SMTPConfig{
			Host: m.Host, Port: m.Port, User: m.User, Password: m.Password, Security: security, Hello: c.PublicURL.Hostname(),
			Timeout: mailTimeout, Envelope: envelope,
		}), m.Host
	}
	return nil, ""
}

// mailDeps are what the service sends mail with.
func (a *App) mailDeps(registry prometheus.Registerer) (service.MailDeps, error) {
	metrics, err := mail.NewMetrics(registry)
	sender, where := NewSender(a.config, a.clock)
	switch {
	case a.config.Mail.Folder:
		a.log.Info("mails are not sent but written into files", slog.String("folder", where))
	case sender == nil:
		a.log.Info("no mail is sent: nobody can reset a forgotten password (PARLEY_SMTP_URL)")
	}
	return service.MailDeps{
		Sender: sender, Site: a.config.PublicURL, Alerts: a.config.Mail.Alerts, Metrics: metrics,
		Within: func(ctx context.Context, address string) bool {
			return a.budgets.Allow(ctx, a.budgets.Key("mail_address", address)).Allowed
		},
	}, err
}

// sendMails sends what is due, one after the other, until the node stops. That the database is away is told once.
func (a *App) sendMails(ctx context.Context) {
	if !a.service.Mails.On() {
		return
	}
	t := time.NewTicker(mailEvery)
	defer t.Stop()
	failing := false
	for {
		err := a.drainMails(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			a.log.WarnContext(ctx, "mails not looked for", slog.Any("error", err))
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-a.service.Mails.Noted():
		case <-t.C:
		}
	}
}

func (a *App) drainMails(ctx context.Context) error {
	for ctx.Err() == nil {
		found, err := a.service.Mails.SendNext(ctx)
		if err != nil {
			return err
		}
		if !found {
			return a.service.Mails.Count(ctx)
		}
	}
	return nil
}
