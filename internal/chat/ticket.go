package chat

import "time"

// TicketKind says what a ticket is good for. A secret of one kind is worth nothing where another is asked for.
type TicketKind string

// Ticket is what a short-lived secret stands for: a link in a mail, a sign-in that waits for its second step, a challenge. Whoever shows
// the secret in time takes the ticket, and then it is gone.
type Ticket struct {
	Kind    TicketKind
	User    UserID // 0: not about an account yet
	Data    string // what the kind needs to go on, as its owner wrote it
	Tries   int    // how often the secret was shown together with something that was wrong
	Expires time.Time
}

// ErrTicketOver is the answer to a secret that was used, has expired, is of another kind, or never was.
var ErrTicketOver = &Error{Kind: KindInvalid, Code: "ticket_over", Detail: "This link or code has been used or has expired. Start again."}
