// Package chat is the vocabulary of Parley: users, rooms, messages, events and errors, with their limits and the rules of who may do
// what. It knows no storage, no transport and no configuration; it depends on the standard library only.
package chat
