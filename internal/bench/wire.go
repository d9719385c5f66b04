package bench

import (
	"bytes"

	"github.com/go-faster/jx"
)

// room is where some of the people talk.
type room struct {
	id      int64
	channel string
	truth   table[atomicPost] // for every number the post that was first seen under it; all others must see the same
	last    atomicMax         // the newest number acknowledged
}

// event is a message that a listener was told of.
type event struct {
	room     int // index
	number   int64
	revision int64
	post     post
	// faithful says that the body is what the sender sent, the author is the sender and the room is the one they post in.
	faithful bool
}

// line is what one line of a frame says. A line without any key is the server's ping.
type line struct {
	ping    bool
	id      int64   // of the command that it answers, 0 when it answers none
	number  int64   // of the message that the answered command made
	refused *reject // why the answered command was refused
	events  []event // messages
}

// reject is the protocol's own kind of refusal, whose text is a Problem when it is one of Parley's.
type reject struct {
	code int
	text string
}

// decoder reads lines of Centrifuge's JSON protocol. It looks at every field that is checked and skips the rest.
type decoder struct {
	jx   *jx.Decoder
	run  *run
	want []byte // the body that the message at hand should have
}

func newDecoder(r *run) *decoder { return &decoder{jx: jx.DecodeBytes(nil), run: r} }

func (d *decoder) line(raw []byte) (line, error) {
	var l line
	keys := 0
	d.jx.ResetBytes(raw)
	err := d.jx.ObjBytes(func(j *jx.Decoder, key []byte) (err error) {
		keys++
		switch string(key) {
		case "id":
			l.id, err = j.Int64()
		case "error":
			l.refused = &reject{}
			err = d.reject(j, l.refused)
		case "rpc":
			err = Field(j, "data", func(j *jx.Decoder) error {
				return Field(j, "message", func(j *jx.Decoder) error {
					e, err := d.message(j)
					l.number = e.number
					return err
				})
			})
		case "push":
			err = Field(j, "pub", func(j *jx.Decoder) error {
				return Field(j, "data", func(j *jx.Decoder) error { return d.events(j, &l) })
			})
		default:
			err = j.Skip()
		}
		return err
	})
	l.ping = keys == 0
	return l, err
}

func (*decoder) reject(j *jx.Decoder, into *reject) error {
	return j.ObjBytes(func(j *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "code":
			into.code, err = j.Int()
		case "message":
			into.text, err = j.Str()
		default:
			err = j.Skip()
		}
		return err
	})
}

// Field reads one field of an object and skips the others.
func Field(j *jx.Decoder, field string, read func(*jx.Decoder) error) error {
	return j.ObjBytes(func(j *jx.Decoder, key []byte) error {
		if string(key) == field {
			return read(j)
		}
		return j.Skip()
	})
}

func (d *decoder) events(j *jx.Decoder, l *line) error {
	return j.Arr(func(j *jx.Decoder) error {
		e, posted, err := d.event(j)
		if posted {
			l.events = append(l.events, e)
		}
		return err
	})
}

// event says whether it was a message posted; a room has events of other kinds, which the bench does not count.
func (d *decoder) event(j *jx.Decoder) (e event, posted bool, err error) {
	err = j.ObjBytes(func(j *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "type":
			var kind []byte
			kind, err = j.StrBytes()
			posted = string(kind) == "message.posted"
			return err
		case "data":
			return Field(j, "message", func(j *jx.Decoder) error {
				e, err = d.message(j)
				return err
			})
		}
		return j.Skip()
	})
	return e, posted, err
}

func (d *decoder) message(j *jx.Decoder) (e event, err error) {
	var body, key []byte
	var author, roomID int64
	err = j.ObjBytes(func(j *jx.Decoder, field []byte) (err error) {
		switch string(field) {
		case "number":
			e.number, err = j.Int64()
		case "revision":
			e.revision, err = j.Int64()
		case "room_id":
			roomID, err = j.Int64()
		case "author_id":
			author, err = j.Int64()
		case "body":
			body, err = j.StrBytes()
		case "client_key":
			key, err = j.StrBytes()
		default:
			err = j.Skip()
		}
		return err
	})
	index, ours := d.run.byID[roomID]
	e.room = index
	p, known := parsePost(key)
	if known && ours && p.sender < len(d.run.senders) {
		d.want = p.body(d.want[:0], d.run.plan.BodyBytes)
		e.post = p
		s := d.run.senders[p.sender]
		e.faithful = bytes.Equal(body, d.want) && author == d.run.members[s.person].id && s.room == index
	}
	if !ours {
		e.room = -1
	}
	return e, err
}

// page reads an answer of listChanges.
func (d *decoder) page(raw []byte) (events []event, more bool, revision int64, err error) {
	d.jx.ResetBytes(raw)
	err = d.jx.ObjBytes(func(j *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "items":
			err = j.Arr(func(j *jx.Decoder) error {
				e, err := d.message(j)
				events = append(events, e)
				return err
			})
		case "has_more":
			more, err = j.Bool()
		case "revision":
			revision, err = j.Int64()
		default:
			err = j.Skip()
		}
		return err
	})
	return events, more, revision, err
}
