package parleytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
	"github.com/go-faster/jx"

	"parley/internal/contract"
)

// patience bounds every wait. It is long because nothing depends on it: a test that passes never waits for it to end.
const patience = 20 * time.Second

// Socket is a person's realtime connection, made with the official Go SDK.
type Socket struct {
	Client *centrifuge.Client
	events chan contract.Event
	ended  chan centrifuge.DisconnectedEvent
	tb     testing.TB
}

// Connect opens a socket and waits until it is authenticated.
func (p *Person) Connect() *Socket {
	p.tb.Helper()
	s := &Socket{events: make(chan contract.Event, 4096), ended: make(chan centrifuge.DisconnectedEvent, 1), tb: p.tb}
	s.Client = centrifuge.NewJsonClient(p.server.Socket, centrifuge.Config{
		GetToken:    func(centrifuge.ConnectionTokenEvent) (string, error) { return p.Token, nil },
		ReadTimeout: patience, HandshakeTimeout: patience, // a crowd on a busy machine takes longer than the second that is usual
		// The SDK gives up on a server that pings more rarely than it thinks.
		MaxServerPingDelay: time.Minute,
	})
	connected := make(chan struct{}, 1)
	s.Client.OnConnected(func(centrifuge.ConnectedEvent) { connected <- struct{}{} })
	s.Client.OnDisconnected(func(e centrifuge.DisconnectedEvent) { s.ended <- e })
	s.Client.OnMessage(func(e centrifuge.MessageEvent) { s.take(e.Data) })
	s.Client.OnPublication(func(e centrifuge.ServerPublicationEvent) { s.take(e.Data) })
	if err := s.Client.Connect(); err != nil {
		p.tb.Fatal(err)
	}
	p.tb.Cleanup(s.Client.Close)
	select {
	case <-connected:
	case e := <-s.ended:
		p.tb.Fatalf("not connected: %d %s", e.Code, e.Reason)
	case <-time.After(patience):
		p.tb.Fatal("not connected in time")
	}
	return s
}

// Subscribe listens to a room and waits until it is on.
func (s *Socket) Subscribe(room contract.ID) *centrifuge.Subscription {
	s.tb.Helper()
	sub, err := s.TrySubscribe(fmt.Sprintf("room:%d", room))
	if err != nil {
		s.tb.Fatalf("subscribe to room %d: %v", room, err)
	}
	return sub
}

// TrySubscribe asks for a channel and returns the refusal, if it is one.
func (s *Socket) TrySubscribe(channel string) (*centrifuge.Subscription, error) {
	s.tb.Helper()
	sub, err := s.Client.NewSubscription(channel)
	if err != nil {
		s.tb.Fatal(err)
	}
	result := make(chan error, 4)
	sub.OnSubscribed(func(centrifuge.SubscribedEvent) { result <- nil })
	sub.OnError(func(e centrifuge.SubscriptionErrorEvent) { result <- e.Error })
	sub.OnUnsubscribed(func(e centrifuge.UnsubscribedEvent) { result <- fmt.Errorf("unsubscribed: %d %s", e.Code, e.Reason) })
	sub.OnPublication(func(e centrifuge.PublicationEvent) { s.take(e.Data) })
	if err := sub.Subscribe(); err != nil {
		s.tb.Fatal(err)
	}
	select {
	case err := <-result:
		return sub, err
	case <-time.After(patience):
		s.tb.Fatalf("no answer to the subscription of %s", channel)
		return nil, nil
	}
}

// take decodes a publication, which is always an array of events.
func (s *Socket) take(data []byte) {
	err := jx.DecodeBytes(data).Arr(func(d *jx.Decoder) error {
		var e contract.Event
		if err := e.Decode(d); err != nil {
			return err
		}
		s.events <- e
		return nil
	})
	if err != nil {
		s.tb.Errorf("a publication is not an array of events: %v\n%s", err, data)
	}
}

// Next returns the next event.
func (s *Socket) Next() contract.Event {
	s.tb.Helper()
	select {
	case e := <-s.events:
		return e
	case <-time.After(patience):
		s.tb.Fatal("no event in time")
		return contract.Event{}
	}
}

// Events delivers what Next returns, for tests that wait for something else too.
func (s *Socket) Events() <-chan contract.Event { return s.events }

// Quiet fails the test when an event is waiting.
func (s *Socket) Quiet() {
	s.tb.Helper()
	select {
	case e := <-s.events:
		s.tb.Errorf("an event that should not be: %s %+v", e.Type, e)
	default:
	}
}

// Ended waits for the server to end the connection.
func (s *Socket) Ended() centrifuge.DisconnectedEvent {
	s.tb.Helper()
	select {
	case e := <-s.ended:
		return e
	case <-time.After(patience):
		s.tb.Fatal("still connected")
		return centrifuge.DisconnectedEvent{}
	}
}

// Call runs a command with any data and returns its reply.
func (s *Socket) Call(command string, data any) ([]byte, error) {
	s.tb.Helper()
	raw, ok := data.(string)
	if !ok {
		b, err := json.Marshal(data)
		if err != nil {
			s.tb.Fatal(err)
		}
		raw = string(b)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := s.Client.RPC(ctx, command, []byte(raw))
	return r.Data, err
}

// Post posts a message over the socket.
func (s *Socket) Post(room contract.ID, body, key string) contract.Message {
	s.tb.Helper()
	data, err := s.Call("message.post", map[string]any{"room_id": room, "body": body, "client_key": key})
	if err != nil {
		s.tb.Fatalf("message.post: %v", err)
	}
	var reply contract.MessagePostReply
	if err := reply.UnmarshalJSON(data); err != nil {
		s.tb.Fatal(err)
	}
	return reply.Message
}

// WantProblem fails the test when err is not a command's refusal with this status and code that names these faulty fields.
func (s *Socket) WantProblem(err error, status int, code string, fields ...string) {
	s.tb.Helper()
	var e *centrifuge.Error
	if !errors.As(err, &e) {
		s.tb.Fatalf("error %v, want a refusal %d %s", err, status, code)
	}
	var p contract.Problem
	if err := p.UnmarshalJSON([]byte(e.Message)); err != nil {
		s.tb.Fatalf("the error's message is no problem: %v\n%s", err, e.Message)
	}
	var got []string
	for _, f := range p.Errors {
		got = append(got, f.Field)
	}
	if int(e.Code) != status || p.Status != status || p.Code != code || fmt.Sprint(got) != fmt.Sprint(fields) {
		s.tb.Errorf("refusal %d %s %v, want %d %s %v", e.Code, p.Code, got, status, code, fields)
	}
}
