package bench

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"parley/internal/contract"
)

// desk makes people and rooms, and removes them.
type desk struct {
	run    *run
	place  *place
	admin  func() (string, error) // the access token; nil on a server that goes away afterwards, and lets everybody in
	suffix string                 // of everything this run makes
	invite contract.CreatedInvite
	rooms  []int64
	asked  bool // that somebody may have been made
}

const (
	spare       = 2 * time.Minute  // what a token must be good for beyond the load, for cleaning up
	tokenLife   = 14 * time.Minute // of the people's; a minute less than it is
	peopleNames = "parley-bench-"
)

func (d *desk) url(format string, args ...any) string {
	return d.place.base() + "/api/v1" + fmt.Sprintf(format, args...)
}

// look refuses what is no Parley, and a token that cannot do what it has to.
func (d *desk) look(ctx context.Context) error {
	var options contract.AuthOptions
	if err := d.run.client.call(ctx, ask{doingLook, "GET", d.url("/auth/options"), ""}, nil, &options); err != nil {
		return fmt.Errorf("%s does not answer as a Parley does: %w", d.place.base(), err)
	}
	if d.admin == nil {
		return nil
	}
	token, err := d.admin()
	if err != nil {
		return err
	}
	var me contract.Me
	err = d.run.client.call(ctx, ask{doingLook, "GET", d.url("/me"), token}, nil, &me)
	if no := new(refusal); errors.As(err, &no) && no.status == 401 {
		return errors.New("the server does not accept the access token: it is another server's, or older than a quarter of an hour; sign in again and take the new one")
	}
	if err != nil {
		return err
	}
	if me.Role != contract.ServerRoleAdmin && me.Role != contract.ServerRoleOwner {
		return fmt.Errorf("the access token is that of %s, who is no admin of this server", me.Username)
	}
	if left, known := expiry(token); known && left < d.run.length()+spare {
		return fmt.Errorf("the access token ends in %s, which is too soon to clean up with it: sign in again and take the new one", left.Round(time.Second))
	}
	return nil
}

// expiry reads when a token ends. Whether it is genuine is the server's business.
func expiry(token string) (left time.Duration, known bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return 0, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Exp int64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(raw, &claims) != nil || claims.Exp == 0 {
		return 0, false
	}
	return time.Until(time.Unix(claims.Exp, 0)), true
}

// settle makes everybody and everything. What was begun is finished even when the context ends, so that it is known what there is to remove.
func (d *desk) settle(ctx context.Context) error {
	r := d.run
	whole := context.WithoutCancel(ctx)
	if d.admin != nil {
		token, err := d.admin()
		if err != nil {
			return err
		}
		in := map[string]any{"role": "member", "expires_in": 3600, "max_uses": r.plan.people(), "note": "parley bench " + d.suffix}
		if err := r.client.call(whole, ask{doingInvite, "POST", d.url("/admin/invites"), token}, in, &d.invite); err != nil {
			return err
		}
	}
	d.asked = true
	r.step("people", r.plan.people())
	begun := time.Now()
	err := each(ctx, r.plan.people(), settlers, func(i int) error {
		m := r.members[i]
		in := map[string]string{"username": m.name, "password": "a bench's " + rand.Text()}
		if d.admin != nil {
			in["invite"] = d.invite.Token
		}
		var s contract.Session
		err := r.client.call(whole, ask{doingSignUp, "POST", d.url("/auth/signup"), ""}, in, &s)
		m.id, m.token = int64(s.User.ID), s.AccessToken
		r.done.Add(1)
		return err
	})
	if err != nil {
		return err
	}
	for i, m := range r.members {
		m.id, m.token = r.members[i%r.plan.people()].id, r.members[i%r.plan.people()].token
	}
	if err := d.furnish(ctx); err != nil {
		return err
	}
	if took := time.Since(begun); took+r.length() > tokenLife {
		return fmt.Errorf("making %d people took %s; with the load their access tokens would end before it does: ask for fewer connections or less duration",
			r.plan.people(), took.Round(time.Second))
	}
	return nil
}

func (d *desk) furnish(ctx context.Context) error {
	r := d.run
	whole := context.WithoutCancel(ctx)
	r.step("rooms", len(r.rooms))
	for i, home := range r.rooms {
		if err := ctx.Err(); err != nil {
			return err
		}
		all := r.plan.membersOf(i)
		var made contract.Room
		in := map[string]string{"name": fmt.Sprintf("Bench %s %d", d.suffix, i), "kind": "public"}
		if err := r.client.call(whole, ask{doingRoom, "POST", d.url("/rooms"), r.members[all[0]].token}, in, &made); err != nil {
			return err
		}
		d.rooms = append(d.rooms, int64(made.ID))
		home.id, home.channel = int64(made.ID), fmt.Sprintf("room:%d", made.ID)
		r.byID[home.id] = i
		r.done.Add(1)
	}
	r.step("memberships", r.plan.Rooms*r.plan.Members)
	return each(ctx, r.plan.Rooms*r.plan.Members, settlers, func(i int) error {
		room := i / r.plan.Members
		r.done.Add(1)
		if seat := i % r.plan.Members; seat == 0 || seat >= r.plan.people() { // made it, or is in it
			return nil
		}
		m := r.members[r.plan.membersOf(room)[i%r.plan.Members]]
		return r.client.call(whole, ask{doingJoin, "POST", d.url("/rooms/%d/join", r.rooms[room].id), m.token}, nil, nil)
	})
}

// tidy removes what the run made: rooms with what was said in them, people, and the invite. It waits when it is told to, and returns what is left.
func (d *desk) tidy(ctx context.Context) (left []string) {
	if d.admin == nil || !d.asked {
		return nil
	}
	r := d.run
	d.remove(ctx, &left, "the invite", "DELETE", d.url("/admin/invites/%d", d.invite.Invite.ID), nil)
	r.step("removing rooms", len(d.rooms))
	for _, id := range d.rooms {
		d.remove(ctx, &left, fmt.Sprintf("room %d", id), "DELETE", d.url("/rooms/%d", id), nil)
		r.done.Add(1)
	}
	people, err := d.people(ctx)
	if err != nil {
		return append(left, fmt.Sprintf("people whose names begin with %s%s-: %v", peopleNames, d.suffix, err))
	}
	r.step("removing people", len(people))
	for _, p := range people {
		at := d.url("/admin/people/%d", p.ID)
		if d.remove(ctx, &left, string(p.Username), "PATCH", at, map[string]bool{"deactivated": true}) {
			d.remove(ctx, &left, string(p.Username), "DELETE", at, nil)
		}
		r.done.Add(1)
	}
	return left
}

// people are those of this run, also those whose making was never answered.
func (d *desk) people(ctx context.Context) (all []contract.Person, err error) {
	prefix := peopleNames + d.suffix + "-"
	for after, more := "", true; more; {
		token, err := d.admin()
		if err != nil {
			return nil, err
		}
		q := url.Values{"query": {prefix}, "limit": {"200"}}
		if after != "" {
			q.Set("after", after)
		}
		var page contract.PersonPage
		if err := d.patiently(ctx, func() error {
			return d.run.client.call(ctx, ask{doingRemove, "GET", d.url("/admin/people?%s", q.Encode()), token}, nil, &page)
		}); err != nil {
			return nil, err
		}
		for _, p := range page.Items {
			after = string(p.Username)
			if strings.HasPrefix(after, prefix) {
				all = append(all, p)
			}
		}
		more = page.HasMore && len(page.Items) > 0
	}
	return all, nil
}

func (d *desk) remove(ctx context.Context, left *[]string, what, method, url string, in any) bool {
	err := d.patiently(ctx, func() error {
		token, err := d.admin()
		if err != nil {
			return err
		}
		return d.run.client.call(ctx, ask{doingRemove, method, url, token}, in, nil)
	})
	if err != nil {
		*left = append(*left, fmt.Sprintf("%s: %v", what, err))
	}
	return err == nil
}

// patiently does it again after a refusal that says when.
func (d *desk) patiently(ctx context.Context, do func() error) error {
	for {
		err := do()
		no := new(refusal)
		if !errors.As(err, &no) || no.after <= 0 {
			return err
		}
		if pause(ctx, no.after) != nil {
			return err
		}
	}
}
