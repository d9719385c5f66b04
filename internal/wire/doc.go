// Package wire turns values of package chat into the contract's types and back, for both doors: a message looks the same in an answer and
// in an event, and an error is the same Problem over HTTP and over the socket. It decides nothing and calls nothing.
package wire
