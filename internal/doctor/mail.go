package doctor

import (
	"context"
	"fmt"
	"time"
)

// mail asks the mail server as far as signing in, and sends nothing.
func (e *examination) mail(ctx context.Context) {
	check := e.options.Mail
	switch {
	case e.options.Config.Mail.Folder:
		e.add("smtp", Skipped, "not configured: mails become files in the data folder", "")
		return
	case e.options.Config.Mail.Off() || check == nil:
		e.add("smtp", Skipped, "not configured: nobody can reset a forgotten password", "")
		return
	}
	limited, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	started := e.options.Clock()
	if err := check(limited); err != nil {
		e.add("smtp", Faulty, err.Error(), "check PARLEY_SMTP_URL, that the server runs and knows the user, and that this machine may connect")
		return
	}
	e.add("smtp", OK, fmt.Sprintf("lets us in, in %s", e.options.Clock().Sub(started).Round(100*time.Microsecond)), "")
}
