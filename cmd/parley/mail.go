package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/internal/app"
	"parley/internal/config"
	"parley/internal/mail"
)

type mailCmd struct {
	Test mailTestCmd `cmd:"" help:"Send a mail to see whether mails arrive."`
}

type mailTestCmd struct {
	Address string `arg:"" help:"Where to send it."`
}

func (m mailTestCmd) Run(ctx context.Context, e env) error {
	c, err := config.Load(e.environ)
	if err != nil {
		return err
	}
	sender, where := app.NewSender(c, time.Now)
	if sender == nil {
		return errors.New("no mail is sent: set PARLEY_SMTP_URL")
	}
	message, err := mail.Letter{
		Language: "en", Subject: "Mail from Parley arrives", Heading: "Mail arrives",
		Paragraphs: []string{"This was sent by parley mail test at " + c.PublicURL.Host + ". There is nothing to do."},
	}.Message(m.Address)
	if err == nil {
		err = sender.Send(ctx, message)
	}
	if err != nil {
		return fmt.Errorf("send through %s: %w", where, err)
	}
	_, _ = fmt.Fprintf(e.stdout, "handed over to %s\n", where)
	return nil
}
