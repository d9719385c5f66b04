package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/internal/contract"
)

// peace is evidence in which nothing is wrong: two rooms, three authors, each of whom edited one message and deleted another, one message that
// was given up and is there, one that was given up and is not, and two members who hold everything.
func peace() evidence {
	e := evidence{book: &book{}, history: map[contract.ID][]contract.Message{}}
	for room := contract.ID(1); room <= 2; room++ {
		for i := range 30 {
			author := contract.ID(10 + i%3)
			s := &sent{Key: fmt.Sprintf("%d-%d", room, i), Room: room, Author: author, Bodies: []string{fmt.Sprint("text ", i)}}
			e.book.add(s)
			if i == 7 {
				continue // given up, and not there
			}
			m := contract.Message{
				ID: room*1000 + contract.ID(i), RoomID: room, Number: contract.Number(len(e.history[room]) + 1), AuthorID: author,
				Revision: contract.Revision(len(e.history[room]) + 1), ClientKey: s.Key, Body: s.Bodies[0],
			}
			if i != 8 { // given up, and there
				e.book.ack(s, m)
			}
			switch i {
			case 12:
				m.Revision, m.Body = 101, "edited"
				e.book.changed(s, e.book.tried(s, m.Body))
			case 13:
				m.Revision, m.Body, m.DeletedAt = 102, "", contract.NewOptTime(contract.Time(time.Unix(0, 0)))
				e.book.changed(s, e.book.tried(s, gone))
			case 14: // asked for and not answered
				e.book.tried(s, "edited")
			}
			e.history[room] = append(e.history[room], m)
		}
	}
	e.replicas = map[string]map[contract.ID]map[contract.Number]contract.Message{}
	for _, name := range []string{"maya", "tom"} {
		e.replicas[name] = map[contract.ID]map[contract.Number]contract.Message{}
		for room, history := range e.history {
			e.replicas[name][room] = map[contract.Number]contract.Message{}
			for _, m := range history {
				e.replicas[name][room][m.Number] = m
			}
		}
	}
	return e
}

func TestJudge_finds_nothing_in_peace(t *testing.T) {
	t.Parallel()
	l := judge(peace())
	if !l.clean() || l.meant != 60 || l.acked != 56 || l.unknown != 4 {
		t.Errorf("%+v", l)
	}
}

// Each mutant is one thing that goes wrong in an otherwise perfect world. A judge that misses one cannot be trusted about the rest.
func TestJudge_finds(t *testing.T) {
	t.Parallel()
	for name, mutant := range map[string]struct {
		damage func(e *evidence)
		count  func(l *ledger) int
		says   string
	}{
		"a_lost_message": {
			func(e *evidence) { e.history[1] = renumber(slices.Delete(e.history[1], 4, 5)) },
			func(l *ledger) int { return l.lost }, "1-4 was acknowledged as number 5",
		},
		"the_last_message_lost": {
			func(e *evidence) { e.history[2] = e.history[2][:len(e.history[2])-1] },
			func(l *ledger) int { return l.lost }, "2-29 was acknowledged as number 29",
		},
		"a_duplicate": {
			func(e *evidence) { e.history[1] = renumber(append(e.history[1], e.history[1][4])) },
			func(l *ledger) int { return l.duplicated }, "1-4 is there as number 5 and as number 30",
		},
		"a_revision_given_twice": {
			func(e *evidence) { e.history[1][4].Revision = 4 },
			func(l *ledger) int { return l.duplicated }, "revision 4 is that of number 4 and of number 5",
		},
		"two_reordered": {
			func(e *evidence) {
				h := e.history[1]
				h[0], h[3] = h[3], h[0]
				renumber(h)
				for _, s := range e.book.all { // the acknowledgements went along with it
					for _, m := range h {
						if s.Key == m.ClientKey && s.acked() {
							s.Acked.Number = m.Number
						}
					}
				}
			},
			func(l *ledger) int { return l.outOfOrder }, "1-0 (number 4) was sent before 1-3 (number 1)",
		},
		"a_gap": {
			func(e *evidence) { e.history[1] = slices.Delete(e.history[1], 7, 8) }, // 1-8, which nobody was promised
			func(l *ledger) int { return l.gaps }, "number 9 is where 8 should be",
		},
		"a_phantom": {
			func(e *evidence) {
				e.history[1] = append(e.history[1], contract.Message{ID: 5, Number: 30, Revision: 30, AuthorID: 10, ClientKey: "nobody"})
			},
			func(l *ledger) int { return l.phantom }, "number 30 (nobody by 10)",
		},
		"a_message_in_another_room": {
			func(e *evidence) {
				m := e.history[1][3]
				m.Number, m.Revision = 30, 30
				e.history[2] = append(e.history[2], m)
			},
			func(l *ledger) int { return l.phantom }, "room 2: number 30 (1-3 by 10)",
		},
		"another_author": {
			func(e *evidence) { e.history[1][3].AuthorID = 11 },
			func(l *ledger) int { return l.phantom }, "number 4 (1-3 by 11)",
		},
		"another_number": {
			func(e *evidence) { e.book.all[3].Acked.Number = 9 },
			func(l *ledger) int { return l.altered }, "1-3 was acknowledged as number 9 and is number 4",
		},
		"two_acknowledgements_that_differ": {
			func(e *evidence) {
				m := e.book.all[3].Acked
				m.Number = 9
				e.book.ack(e.book.all[3], m)
			},
			func(l *ledger) int { return l.altered }, "1-3 was acknowledged as number 4 and then as number 9",
		},
		"another_text": {
			func(e *evidence) { e.history[1][3].Body = "text 4" },
			func(l *ledger) int { return l.altered }, `number 4 says "text 4"`,
		},
		"an_edit_undone": {
			func(e *evidence) { e.history[1][11].Body = "text 12" },
			func(l *ledger) int { return l.altered }, `number 12 says "text 12"`,
		},
		"a_deletion_undone": {
			func(e *evidence) { e.history[1][12].Body, e.history[1][12].DeletedAt = "text 13", contract.OptTime{} },
			func(l *ledger) int { return l.altered }, `number 13 says "text 13"`,
		},
		"a_member_who_lacks_one": {
			func(e *evidence) { delete(e.replicas["maya"][2], 20) },
			func(l *ledger) int { return l.differing }, "maya lacks 20 in room 2",
		},
		"a_member_with_an_old_version": {
			func(e *evidence) {
				m := e.replicas["tom"][1][12]
				m.Body, m.Revision = "text 12", 12
				e.replicas["tom"][1][12] = m
			},
			func(l *ledger) int { return l.differing }, "tom has another version of 12 in room 1",
		},
		"a_member_with_one_too_many": {
			func(e *evidence) { e.replicas["tom"][1][30] = contract.Message{Number: 30} },
			func(l *ledger) int { return l.differing }, "tom has what is not there: 30 in room 1",
		},
		"a_member_who_did_not_come_back": {
			func(e *evidence) { e.absent = []string{"maya"} },
			func(l *ledger) int { return l.absent }, "maya did not come back",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := peace()
			mutant.damage(&e)
			l := judge(e)
			if n := mutant.count(l); n == 0 || !strings.Contains(strings.Join(l.faults, "\n"), mutant.says) {
				t.Errorf("%d found; want one that says %q; the faults are\n%s", n, mutant.says, strings.Join(l.faults, "\n"))
			}
		})
	}
}

// renumber gives messages contiguous numbers, as a database would that lost or gained one.
func renumber(history []contract.Message) []contract.Message {
	for i := range history {
		history[i].Number = contract.Number(i + 1)
	}
	return history
}
