// Package auth is the engine for proofs of identity: password hashes and signed access tokens. It knows no users, no
// sessions' state, no HTTP and no storage; whether a session still lives is the caller's question.
package auth
