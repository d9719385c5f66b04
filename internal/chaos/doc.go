// Package chaos proves that no message is lost while everything else is. It is tests only: real processes of Parley on a Postgres and a Redis
// of their own, people who post and read through a network that breaks, a schedule of accidents that a seed decides, and an account of every
// message at the end. It knows Parley from outside, as its clients do.
package chaos
