package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/limit"
	"parley/internal/service"
)

// limits says how often the door may be knocked at: by network where nobody has signed in yet, and by person everywhere else. Why sign-in is
// limited the way it is: docs/why/rate-limits.md.
type limits struct {
	limit.Budgets
	proxies limit.Proxies
	log     *slog.Logger
	warned  atomic.Bool
}

// budgetOf says which budget of a person an operation takes from. What is not in here changes something, and takes from "write".
var budgetOf = map[contract.OperationName]string{
	contract.MeOperation:             "read",
	contract.ListUsersOperation:      "read",
	contract.ListRoomsOperation:      "read",
	contract.RoomOperation:           "read",
	contract.ListMembersOperation:    "read",
	contract.ListMessagesOperation:   "read",
	contract.ListChangesOperation:    "read",
	contract.ListNoticesOperation:    "read",
	contract.ListSessionsOperation:   "read",
	contract.ListIdentitiesOperation: "read",
	contract.ListPeopleOperation:     "search",
	contract.ListInvitesOperation:    "read",
	contract.BrowseRoomsOperation:    "search",
	contract.PostMessageOperation:    "post",
	contract.MarkReadOperation:       "read_mark",
	contract.ListPasskeysOperation:   "read",
	contract.TwoFactorOperation:      "read",
	// It asks for the password, which must not be easier to guess here than at the door.
	contract.ChangePasswordOperation: "sign_in",
	contract.ResendEmailOperation:    "mail",
}

// person takes from the budget of somebody who is signed in. The socket's commands take from the same ones.
func (l *limits) person(ctx context.Context, actor chat.Actor, operation contract.OperationName) error {
	what, listed := budgetOf[operation]
	if !listed {
		what = "write"
	}
	return l.ask(ctx, l.Key(what, strconv.FormatInt(int64(actor.User), 10)))
}

func (l *limits) ask(ctx context.Context, keys ...limit.Key) error {
	if d := l.Allow(ctx, keys...); !d.Allowed {
		return chat.RateLimited(d.RetryAfter)
	}
	return nil
}

// knownPlace is the mark of an account and a network in which it proved itself, and knownLife is for how long that counts.
const (
	knownPlace = "known_place"
	knownLife  = 90 * 24 * time.Hour
)

// accountHere is an account in a network. The network comes first: it has no space in it, and the name may have any.
func accountHere(ctx context.Context, username string) string {
	return networkOf(ctx) + " " + chat.Fold(username)
}

// signInStep is what somebody who signs in is asked for.
type signInStep bool

const (
	firstStep  signInStep = false
	secondStep signInStep = true
)

// signIn tries a step of a sign-in within three budgets: of this account in this network, of this account, and of this network. The last two are for those
// who guess from many networks and at many accounts, and do not concern an account that proved itself in this network before: nobody can
// use them up from elsewhere and so keep its owner out. The name is the one that was typed, whether it is anybody's or not.
//
// The budgets are charged before the password is looked at and get the charge back unless it was wrong, so that guesses sent all at once are
// not all let through, and signing in properly costs nothing however often it is done.
//
// A right password that is not the whole sign-in does not make the network a known one: whoever knows only the password would get a budget of
// their own for guessing codes. A wrong code costs what a wrong password does, and one of a few a day: of a million codes three are right at any
// time, so that whoever has the password and many addresses would get in within weeks at the pace that is fine for passwords.
func (l *limits) signIn(ctx context.Context, username string, step signInStep, try func() (whole bool, err error)) error {
	here := accountHere(ctx, username)
	keys := append(make([]limit.Key, 0, 4), l.Key("sign_in", here))
	if !l.Known(ctx, knownPlace, here) {
		keys = append(keys, l.Key("sign_in_account", chat.Fold(username)), l.Key("sign_in_network", networkOf(ctx)))
		if step == secondStep {
			keys = append(keys, l.Key("second_factor", chat.Fold(username)))
		}
	}
	if err := l.ask(ctx, keys...); err != nil {
		return err
	}
	whole, err := try()
	if err == nil && whole {
		l.provenHere(ctx, username)
	}
	// What failed on our side costs nothing. A request that its client gave up does: it may have been a guess.
	if err == nil || !guessed(err) && !errors.Is(ctx.Err(), context.Canceled) {
		l.Refund(ctx, keys...)
	}
	return err
}

// guessed reports whether an error says that a secret was wrong.
func guessed(err error) bool {
	var e *chat.Error
	return errors.Is(err, chat.ErrBadCredentials) || errors.As(err, &e) && slices.ContainsFunc(e.Fields, func(f chat.FieldError) bool {
		return f.Code == "wrong" || f.Code == "used"
	})
}

// proof asks somebody who is signed in for a secret, within the budget that changing the password takes from: a stolen access token is no way to
// guess one faster. Only what was wrong costs.
func (l *limits) proof(ctx context.Context, actor chat.Actor, try func() error) error {
	key := l.Key("sign_in", strconv.FormatInt(int64(actor.User), 10))
	if err := l.ask(ctx, key); err != nil {
		return err
	}
	err := try()
	if err == nil || !guessed(err) && !errors.Is(ctx.Err(), context.Canceled) {
		l.Refund(ctx, key)
	}
	return err
}

// signUp makes an account within the network's budget. A form that is filled in wrongly costs nothing; a name that is taken does, because
// the answer tells who has an account.
func (l *limits) signUp(ctx context.Context, try func() (service.Session, error)) (service.Session, error) {
	key := l.Key("sign_up", networkOf(ctx))
	if err := l.ask(ctx, key); err != nil {
		return service.Session{}, err
	}
	s, err := try()
	switch kind := chat.KindOf(err); {
	case err == nil:
		l.provenHere(ctx, s.User.Username)
	case kind == chat.KindInvalid || kind == chat.KindUnavailable:
		l.Refund(ctx, key)
	}
	return s, err
}

// invite looks at an invite link within the network's budget of new accounts. Looking at one that is good costs nothing: everybody in an office
// may open it.
func (l *limits) invite(ctx context.Context, try func() (chat.InviteView, error)) (chat.InviteView, error) {
	key := l.Key("sign_up", networkOf(ctx))
	if err := l.ask(ctx, key); err != nil {
		return chat.InviteView{}, err
	}
	view, err := try()
	if err == nil || chat.KindOf(err) == chat.KindUnavailable {
		l.Refund(ctx, key)
	}
	return view, err
}

// refresh trades a refresh token within the network's budget. Whoever has one proves themselves as by a sign-in, and so an account that is open
// somewhere makes its network known again soon after a restart has forgotten it.
func (l *limits) refresh(ctx context.Context, try func() (service.Session, error)) (service.Session, error) {
	if err := l.ask(ctx, l.Key("refresh", networkOf(ctx))); err != nil {
		return service.Session{}, err
	}
	s, err := try()
	if err == nil {
		l.provenHere(ctx, s.User.Username)
	}
	return s, err
}

// provenHere notes that an account proved itself in this network, in whichever way.
func (l *limits) provenHere(ctx context.Context, username string) {
	l.Remember(ctx, knownPlace, accountHere(ctx, username), knownLife)
}

// beforeSignIn reports whether an address is for people of whom only the network is known.
func beforeSignIn(path string) bool {
	return strings.HasPrefix(path, "/api/v1/auth/") || strings.HasPrefix(path, "/auth/")
}

type networkKey struct{}

// networkOf is the network that a request comes from.
func networkOf(ctx context.Context) string {
	s, _ := ctx.Value(networkKey{}).(string)
	return s
}

// withClientAddress puts the client's own address into RemoteAddr, where everything below and the socket looks for it, and its network into the
// context of requests that are limited by it.
func (l *limits) withClientAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, ignored := l.proxies.Client(r)
		if ignored && l.warned.CompareAndSwap(false, true) {
			l.log.WarnContext(r.Context(), "a forwarding header was not believed: if this is your proxy, name its network in PARLEY_TRUSTED_PROXIES, "+
				"or else everybody behind it shares one budget; told once", slog.String("from", r.RemoteAddr))
		}
		if beforeSignIn(r.URL.Path) || r.URL.Path == cspReportsPath {
			r = r.WithContext(context.WithValue(r.Context(), networkKey{}, limit.Network(client)))
		}
		if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && peer.Addr().Unmap() != client {
			r = r.WithContext(r.Context()) // a copy: the request of net/http keeps its peer
			r.RemoteAddr = netip.AddrPortFrom(client, 0).String()
		}
		next.ServeHTTP(w, r)
	})
}
