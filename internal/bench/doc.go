// Package bench puts a load on a running Parley and keeps account of it: people who listen over raw sockets in several rooms, some who post, as
// fast as they are answered or at a rate, and everybody checking every message. It is what stands behind parley bench, with which an operator
// sizes a machine, and behind bench/, with which we hold Parley to its bars.
//
// It knows the contract and nothing of what is behind it; it starts no server and reads no arguments. What it makes on a server it removes again.
package bench
