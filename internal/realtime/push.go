package realtime

import (
	"sync"

	"github.com/centrifugal/centrifuge"
	"github.com/centrifugal/protocol"
	"github.com/gobwas/ws"
)

// push is what all members of a channel are sent: built once for each encoding that one of them speaks, header and all, and shared.
type push struct {
	channel      string
	publications [][]byte
	text, binary encoded
}

type encoded struct {
	once  sync.Once
	frame []byte
	size  int // of the messages in it
}

// handTo gives the frame to some members.
func (p *push) handTo(members []*member, sent *sentCounters) {
	count, size := 0, 0
	for _, m := range members {
		e := p.encode(m.transport.protobuf)
		if m.hand(e.frame) {
			count += len(p.publications)
			size += e.size
		}
	}
	sent.publications.add(count, size)
}

// hand gives a frame to one member, if it still is one.
func (m *member) hand(frame []byte) bool {
	t := m.transport
	t.writing.Lock()
	defer t.writing.Unlock()
	switch m.state {
	case memberLive:
		t.give(frame)
	case memberHeld:
		if len(m.held)+len(frame) > t.limits.QueueBytes {
			t.tooSlow()
			return false
		}
		m.held = append(m.held, frame...)
	case memberGone:
		return false
	}
	return true
}

func (p *push) encode(protobuf bool) *encoded {
	e := &p.text
	if protobuf {
		e = &p.binary
	}
	e.once.Do(func() {
		messages := make([][]byte, 0, len(p.publications))
		for _, data := range p.publications {
			m := encodePush(protobuf, &protocol.Push{Channel: p.channel, Pub: &protocol.Publication{Data: data}})
			e.size += len(m)
			messages = append(messages, m)
		}
		e.frame = buildFrame(protobuf, messages...)
	})
	return e
}

// encodePush encodes what the server says unasked.
func encodePush(protobuf bool, p *protocol.Push) []byte {
	kind := protocol.TypeJSON
	if protobuf {
		kind = protocol.TypeProtobuf
	}
	message, err := protocol.GetReplyEncoder(kind).Encode(&protocol.Reply{Push: p})
	if err != nil {
		panic(err) // plain bytes and strings: there is nothing about them that could not be encoded
	}
	return message
}

// buildFrame puts messages into one frame.
func buildFrame(protobuf bool, messages ...[]byte) []byte {
	size := headerRoom
	for _, m := range messages {
		size += len(m) + headerRoom
	}
	b := make([]byte, headerRoom, size)
	for _, m := range messages {
		b = appendMessage(b, m, protobuf)
	}
	return withHeader(opcode(protobuf), b)
}

func opcode(protobuf bool) ws.OpCode {
	if protobuf {
		return ws.OpBinary
	}
	return ws.OpText
}

// say sends a push to one connection, behind everything that was sent to it before.
func (t *transport) say(p *protocol.Push, sent sentCounter) {
	message := encodePush(t.protobuf, p)
	frame := buildFrame(t.protobuf, message)
	t.writing.Lock()
	defer t.writing.Unlock()
	t.give(frame)
	sent.add(1, len(message))
}

// give sends a frame and sees to the end of a connection that cannot have it. Callers hold writing.
func (t *transport) give(frame []byte) {
	if t.put(frame) != nil && t.client != nil {
		t.client.Disconnect(centrifuge.DisconnectWriteError) // the line is cut already
	}
}

// tooSlow ends a connection that does not take what is sent to it. Nothing may come behind what it misses. Callers hold writing.
func (t *transport) tooSlow() {
	if !t.missed && t.client != nil {
		t.client.Disconnect(centrifuge.DisconnectSlow)
	}
	t.missed = true
}
