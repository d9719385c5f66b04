package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-faster/jx"
	"github.com/gobwas/ws"

	"parley/internal/bench"
	"parley/internal/contract"
)

const floorArgument = "floor"

// serveFloor serves the floor until it is told to stop.
func serveFloor(ctx context.Context, out output) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f := newFloor()
	server := http.Server{Handler: f.handler(), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	_, _ = fmt.Fprintf(out.stdout, "The floor is at http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// floor is as little as a server can do for the same load: it decodes a post, numbers it, encodes the event once and writes one prepared
// frame to every member, one after the other. It has no storage, no rights, no queues, does not coalesce, and waits for slow readers.
type floor struct {
	mu     sync.Mutex // one order for all
	people int64
	rooms  []*floorRoom // by number, from 1 on
	// write sends a message's frame to one member. Tests put faults here.
	write func(of floorMessage, conn net.Conn, frame []byte)
}

type floorRoom struct {
	number  int64
	members []net.Conn
}

// floorMessage is a message on its way to one member.
type floorMessage struct {
	room   int64
	number int64
	member int
}

func newFloor() *floor {
	return &floor{write: func(_ floorMessage, conn net.Conn, frame []byte) { _, _ = conn.Write(frame) }}
}

// room finds a room. The caller holds the lock.
func (f *floor) room(id int64) (*floorRoom, error) {
	if id < 1 || id > int64(len(f.rooms)) {
		return nil, fmt.Errorf("there is no room %d", id)
	}
	return f.rooms[id-1], nil
}

// handler has the doors that the bench uses. A token is its bearer's number.
func (f *floor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/auth/signup", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		f.people++
		id := f.people
		f.mu.Unlock()
		answer(w, &contract.Session{AccessToken: strconv.FormatInt(id, 10), User: contract.Me{ID: contract.ID(id)}})
	})
	mux.HandleFunc("GET /api/v1/auth/options", func(w http.ResponseWriter, _ *http.Request) { answer(w, &contract.AuthOptions{}) })
	mux.HandleFunc("POST /api/v1/rooms", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		f.rooms = append(f.rooms, &floorRoom{})
		id := len(f.rooms)
		f.mu.Unlock()
		answer(w, &contract.Room{ID: contract.ID(id), Kind: contract.RoomKindPublic})
	})
	mux.HandleFunc("POST /api/v1/rooms/{room}/join", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /api/v1/rooms/{room}/messages", f.postHTTP)
	mux.HandleFunc("GET /api/v1/socket", f.socket)
	return mux
}

func answer(w http.ResponseWriter, value interface{ Encode(e *jx.Encoder) }) {
	var e jx.Encoder
	value.Encode(&e)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(e.Bytes())
}

func (f *floor) postHTTP(w http.ResponseWriter, r *http.Request) {
	author, err := strconv.ParseInt(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), 10, 64)
	room, wrong := strconv.ParseInt(r.PathValue("room"), 10, 64)
	var in contract.PostMessageInput
	if err = errors.Join(err, wrong); err == nil {
		err = in.Decode(jx.Decode(r.Body, 512))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m, err := f.post(room, author, in)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, &m)
}

// post numbers a message and sends it to everybody.
func (f *floor) post(room, author int64, in contract.PostMessageInput) (contract.Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	home, err := f.room(room)
	if err != nil {
		return contract.Message{}, err
	}
	home.number++
	now := contract.Time(time.Now())
	m := contract.Message{
		ID: contract.ID(home.number), RoomID: contract.ID(room), Number: contract.Number(home.number), Revision: contract.Revision(home.number),
		AuthorID: contract.ID(author), Body: string(in.Body), ClientKey: string(in.ClientKey), CreatedAt: now,
	}
	var e jx.Encoder
	event := contract.Event{Type: contract.MessagePostedEventEvent, MessagePostedEvent: contract.MessagePostedEvent{
		Type: contract.MessagePostedEventTypeMessagePosted, RoomID: m.RoomID, Revision: m.Revision, At: now,
		Data: contract.MessageEventData{Message: m},
	}}
	event.Encode(&e)
	frame, err := ws.CompileFrame(ws.NewTextFrame(fmt.Appendf(nil, `{"push":{"channel":"room:%d","pub":{"data":[%s]}}}`, room, e.Bytes())))
	if err != nil {
		return m, err
	}
	for i, conn := range home.members {
		f.write(floorMessage{room, home.number, i}, conn, frame)
	}
	return m, nil
}

func (f *floor) socket(w http.ResponseWriter, r *http.Request) {
	conn, in, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	member := floorMember{floor: f, conn: conn, in: in.Reader, jx: jx.DecodeBytes(nil)}
	for err == nil {
		err = member.command()
	}
}

// floorMember is one connection's end at the floor.
type floorMember struct {
	floor *floor
	conn  net.Conn
	in    *bufio.Reader
	frame []byte
	jx    *jx.Decoder
	id    int64
}

// command reads one and answers it.
func (m *floorMember) command() error {
	kind, frame, err := bench.ReadFrame(m.in, m.frame)
	if err != nil {
		return err
	}
	if kind != ws.OpText {
		return errors.New("not a command")
	}
	m.frame = frame
	m.jx.ResetBytes(frame)
	var id int64
	var reply []byte
	join := int64(0)
	err = m.jx.ObjBytes(func(j *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "id":
			id, err = j.Int64()
		case "connect":
			err = bench.Field(j, "token", m.connect)
			reply = []byte(`"connect":{"client":"floor"}`)
		case "subscribe":
			reply = []byte(`"subscribe":{}`)
			err = bench.Field(j, "channel", func(j *jx.Decoder) error {
				channel, err := j.Str()
				if err != nil {
					return err
				}
				join, err = strconv.ParseInt(strings.TrimPrefix(channel, "room:"), 10, 64)
				return err
			})
		case "rpc":
			reply, err = m.rpc(j)
		default:
			err = j.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	return m.reply(id, reply, join)
}

func (m *floorMember) connect(j *jx.Decoder) error {
	token, err := j.Str()
	if err != nil {
		return err
	}
	m.id, err = strconv.ParseInt(token, 10, 64)
	return err
}

func (m *floorMember) rpc(j *jx.Decoder) (reply []byte, err error) {
	err = bench.Field(j, "data", func(j *jx.Decoder) error {
		var in contract.MessagePostCommand
		if err := in.Decode(j); err != nil {
			return err
		}
		posted, err := m.floor.post(int64(in.RoomID), m.id, contract.PostMessageInput{Body: in.Body, ClientKey: in.ClientKey})
		if err != nil {
			return err
		}
		var e jx.Encoder
		(&contract.MessagePostReply{Message: posted}).Encode(&e)
		reply = fmt.Appendf(nil, `"rpc":{"data":%s}`, e.Bytes())
		return nil
	})
	return reply, err
}

// reply answers a command, and from then on a subscriber is a member.
func (m *floorMember) reply(id int64, body []byte, join int64) error {
	frame, err := ws.CompileFrame(ws.NewTextFrame(fmt.Appendf(nil, `{"id":%d,%s}`, id, body)))
	if err != nil {
		return err
	}
	if join > 0 {
		m.floor.mu.Lock()
		defer m.floor.mu.Unlock()
		home, err := m.floor.room(join)
		if err != nil {
			return err
		}
		home.members = append(home.members, m.conn)
	}
	_, err = m.conn.Write(frame)
	return err
}
