package main

import (
	"bytes"

	"github.com/go-faster/jx"
)

// room is where everybody talks, with the authors' ids by sender.
type room struct {
	id      int64
	channel string
	people  []person
}

// event is a message that a listener was told of.
type event struct {
	number int64
	post   post
	// faithful says that the body is what the sender sent, the author is the sender and the room is ours.
	faithful bool
}

// line is what one line of a frame says. A line without any key is the server's ping.
type line struct {
	ping    bool
	id      int64   // of the command that it answers, 0 when it answers none
	number  int64   // of the message that the answered command made
	refusal string  // why the answered command was refused
	events  []event // messages of our room
	ours    bool    // a publication in our room
}

// decoder reads lines of Centrifuge's JSON protocol. It looks at every field that is checked and skips the rest.
type decoder struct {
	jx   *jx.Decoder
	room *room
	want []byte // the body that the message at hand should have
}

func newDecoder(r *room) *decoder { return &decoder{jx: jx.DecodeBytes(nil), room: r} }

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
			var raw jx.Raw
			raw, err = j.Raw()
			l.refusal = string(raw)
		case "rpc":
			err = into(j, "data", func(j *jx.Decoder) error {
				return into(j, "message", func(j *jx.Decoder) error {
					e, err := d.message(j)
					l.number = e.number
					return err
				})
			})
		case "push":
			err = d.push(j, &l)
		default:
			err = j.Skip()
		}
		return err
	})
	l.ping = keys == 0
	return l, err
}

// into reads one field of an object and skips the others.
func into(j *jx.Decoder, field string, read func(*jx.Decoder) error) error {
	return j.ObjBytes(func(j *jx.Decoder, key []byte) error {
		if string(key) == field {
			return read(j)
		}
		return j.Skip()
	})
}

func (d *decoder) push(j *jx.Decoder, l *line) error {
	var events []event
	err := j.ObjBytes(func(j *jx.Decoder, key []byte) error {
		switch string(key) {
		case "channel":
			channel, err := j.StrBytes()
			l.ours = string(channel) == d.room.channel
			return err
		case "pub":
			return into(j, "data", func(j *jx.Decoder) error {
				return j.Arr(func(j *jx.Decoder) error {
					e, posted, err := d.event(j)
					if posted {
						events = append(events, e)
					}
					return err
				})
			})
		}
		return j.Skip()
	})
	if l.ours {
		l.events = events
	}
	return err
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
			return into(j, "message", func(j *jx.Decoder) error {
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
	p, known := parsePost(key)
	if known && p.sender < len(d.room.people) {
		d.want = p.body(d.want[:0])
		e.post = p
		e.faithful = bytes.Equal(body, d.want) && author == d.room.people[p.sender].id && roomID == d.room.id
	}
	return e, err
}
