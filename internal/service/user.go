package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"parley/internal/auth"
	"parley/internal/chat"
	"parley/internal/store"
)

// product is what a person who sets a password here has before their eyes.
const product = "parley"

// Users are the accounts of this server.
type Users struct {
	store   *store.Store
	hasher  *auth.Hasher
	clock   chat.Clock
	options *Options
	mails   *Mails
	members *Members
}

// SignUp creates an account where the policy, or an invite, lets one. Faults of the input are listed all at once; a name that is
// taken is chat.ErrUsernameTaken. An address is pending until a link that is sent to it was followed.
func (u *Users) SignUp(ctx context.Context, in chat.SignUp) (store.Admitted, error) {
	at := now(u.clock)
	if err := u.options.mayAdmit(ctx, in.Invite, nil, at); err != nil {
		return store.Admitted{}, fmt.Errorf("sign up: %w", err)
	}
	in.DisplayName, in.Email = name(in.DisplayName), trim(in.Email)
	faults := in.Faults()
	if !faults.Has("password") && auth.CommonPassword(in.Password, in.Username, in.DisplayName, in.Email, product) {
		faults.Add("password", chat.CommonPassword.Code, chat.CommonPassword.Detail)
	}
	if err := faults.Err(); err != nil {
		return store.Admitted{}, err
	}
	if in.DisplayName == "" {
		in.DisplayName = in.Username
	}
	hash, err := u.hasher.Hash(ctx, in.Password)
	if err != nil {
		return store.Admitted{}, fmt.Errorf("sign up: %w", err)
	}
	done, err := u.store.AdmitUser(ctx, chat.User{
		Username: in.Username, DisplayName: in.DisplayName, PendingEmail: in.Email, CreatedAt: at,
	}, hash, u.options.admission(in.Invite, at))
	if err != nil {
		return store.Admitted{}, fmt.Errorf("sign up: %w", err)
	}
	if done.Room != 0 {
		u.members.welcome(ctx, done.Room, done.User.ID, chat.Membership{Role: chat.RoleMember, JoinedAt: at})
	}
	if in.Email != "" {
		u.mails.noteLate(live(ctx), chat.Mail{Kind: chat.MailVerify, User: done.User.ID})
	}
	return done, nil
}

// Me returns the actor's own account. An account that is gone is chat.ErrUnauthenticated: its tokens are worth nothing.
func (u *Users) Me(ctx context.Context, actor chat.Actor) (chat.User, error) {
	user, err := u.store.UserByID(ctx, actor.User)
	if errors.Is(err, chat.ErrUserNotFound) {
		return chat.User{}, chat.ErrUnauthenticated
	}
	return user, err
}

// Lookup returns those of the given people who exist, without what is private to them.
func (u *Users) Lookup(ctx context.Context, _ chat.Actor, ids []chat.UserID) ([]chat.User, error) {
	return u.store.ListUsers(ctx, ids)
}

func trim(s string) string { return strings.TrimSpace(s) }
