package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"parley/internal/app"
	"parley/internal/chat"
	"parley/internal/config"
	"parley/internal/telemetry"
)

// adminCmd is for the host of a server: whoever may run commands on its machine has its files, and so needs no role.
type adminCmd struct {
	People        adminPeopleCmd        `cmd:"" help:"List everybody with an account."`
	SetupLink     adminSetupLinkCmd     `cmd:"" help:"Print a link for the first account of a server, which owns it."`
	CreateInvite  adminCreateInviteCmd  `cmd:"" help:"Print an invite link."`
	SetRole       adminSetRoleCmd       `cmd:"" help:"Make somebody an owner, an admin or a member."`
	Deactivate    adminDeactivateCmd    `cmd:"" help:"Sign somebody out everywhere, and keep them out."`
	Reactivate    adminReactivateCmd    `cmd:"" help:"Let somebody in again."`
	ResetPassword adminResetPasswordCmd `cmd:"" help:"Give somebody a new password and print it."`

	ResetTwoFactor adminResetTwoFactorCmd `cmd:"" help:"Turn somebody's two-step sign-in off."`
}

type (
	adminPeopleCmd    struct{}
	adminSetupLinkCmd struct{}

	adminCreateInviteCmd struct {
		Role    string        `default:"member" enum:"member,admin" help:"What they may do: member or admin."`
		Uses    int64         `default:"1" help:"How many accounts it makes."`
		Expires time.Duration `default:"168h" help:"How long it is good."`
		Note    string        `help:"For those who manage invites."`
	}

	adminSetRoleCmd struct {
		Username string `arg:"" help:"Whose."`
		Role     string `arg:"" enum:"owner,admin,member" help:"owner, admin or member."`
	}

	adminDeactivateCmd struct {
		Username string `arg:"" help:"Who."`
	}

	adminReactivateCmd struct {
		Username string `arg:"" help:"Who."`
	}

	adminResetPasswordCmd struct {
		Username string `arg:"" help:"Whose."`
	}

	adminResetTwoFactorCmd struct {
		Username string `arg:"" help:"Whose."`
	}
)

var host = chat.Actor{User: chat.HostID}

// office runs f on the service of the settings.
func office(ctx context.Context, e env, f func(config.Config, *app.Office) error) error {
	c, err := config.Load(e.environ)
	if err != nil {
		return err
	}
	o, err := app.OpenOffice(ctx, c, telemetry.NewLogger(e.stderr, c.Log.Level, c.Log.Format), "admin")
	if err != nil {
		return err
	}
	return errors.Join(f(c, o), o.Close())
}

// Run prints one line for each account.
func (adminPeopleCmd) Run(ctx context.Context, e env) error {
	return office(ctx, e, func(_ config.Config, o *app.Office) error {
		w := tabwriter.NewWriter(e.stdout, 0, 4, 2, ' ', 0)
		for after, more := "", true; more; {
			var list []chat.Person
			var err error
			if list, more, err = o.People.List(ctx, host, "", after, 200); err != nil {
				return err
			}
			for _, u := range list {
				state := ""
				if u.Deactivated() {
					state = "deactivated"
				}
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", u.Username, u.Role, u.DisplayName, state)
				after = u.Username
			}
		}
		return w.Flush()
	})
}

// Run prints the link, or says that it has no use any more.
func (adminSetupLinkCmd) Run(ctx context.Context, e env) error {
	return office(ctx, e, func(c config.Config, o *app.Office) error {
		options, err := o.Options.Show(ctx)
		if err != nil {
			return err
		}
		if !options.FirstAccount {
			return errors.New("this server has an account already; see parley admin people, set-role and reset-password")
		}
		secret, err := o.Invites.Setup(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(e.stdout, app.JoinLink(c, secret))
		return err
	})
}

// Run prints the link.
func (a adminCreateInviteCmd) Run(ctx context.Context, e env) error {
	return office(ctx, e, func(c config.Config, o *app.Office) error {
		_, secret, err := o.Invites.Create(ctx, host, chat.NewInvite{
			Role: chat.ServerRole(a.Role), MaxUses: a.Uses, Life: a.Expires, Note: a.Note,
		}, chat.Device{})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(e.stdout, app.JoinLink(c, secret))
		return err
	})
}

// Run changes the role.
func (a adminSetRoleCmd) Run(ctx context.Context, e env) error {
	role := chat.ServerRole(a.Role)
	return update(ctx, e, a.Username, chat.PersonChange{Role: &role})
}

// Run deactivates the account.
func (a adminDeactivateCmd) Run(ctx context.Context, e env) error {
	yes := true
	return update(ctx, e, a.Username, chat.PersonChange{Deactivated: &yes})
}

// Run opens the account again.
func (a adminReactivateCmd) Run(ctx context.Context, e env) error {
	no := false
	return update(ctx, e, a.Username, chat.PersonChange{Deactivated: &no})
}

func update(ctx context.Context, e env, username string, change chat.PersonChange) error {
	return office(ctx, e, func(_ config.Config, o *app.Office) error {
		user, err := o.People.ByUsername(ctx, username)
		if err != nil {
			return err
		}
		person, err := o.People.Update(ctx, host, user.ID, change, chat.Device{})
		if err != nil {
			return err
		}
		state := "can sign in"
		if person.Deactivated() {
			state = "is deactivated and signed out everywhere"
		}
		_, err = fmt.Fprintf(e.stdout, "%s has the role %s and %s\n", person.Username, person.Role, state)
		return err
	})
}

// Run prints the new password.
func (a adminResetPasswordCmd) Run(ctx context.Context, e env) error {
	return office(ctx, e, func(_ config.Config, o *app.Office) error {
		user, err := o.People.ByUsername(ctx, a.Username)
		if err != nil {
			return err
		}
		password, err := o.People.ResetPassword(ctx, host, user.Username)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.stdout, "%s\n", password)
		return err
	})
}

// Run turns it off.
func (a adminResetTwoFactorCmd) Run(ctx context.Context, e env) error {
	return office(ctx, e, func(_ config.Config, o *app.Office) error {
		user, err := o.People.ByUsername(ctx, a.Username)
		if err != nil {
			return err
		}
		if err := o.TwoFactor.Reset(ctx, host, user.ID, chat.Device{}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.stdout, "%s signs in with the password alone\n", user.Username)
		return err
	})
}
