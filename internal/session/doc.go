// Package session keeps sign-ins: families of refresh tokens that rotate on every use, and the set of sessions whose access tokens are worth
// nothing any more. It knows numbers of users, tokens and devices, and no word of chat; who may sign in, and what is told to whom when a
// token is abused, is its caller's business.
//
// # A family
//
// A session is a chain of refresh tokens of which one is current. Using it makes its successor the current one. A token is 57 bytes in
// base64url: a version, the user, a handle of 128 random bits that all tokens of the session share, and a secret of 256 random bits that is
// this token's own. At rest there is the session's id, which is a hash of the handle, and hashes of the current and the previous secret. So
// a copy of the database or of Redis holds nothing that can be presented, and knowing a session's id (it is in access tokens, in the list of
// devices and in the audit log) is not enough to touch the session: that takes the handle, which only ever was in the cookie.
//
// # What presenting a token does
//
//	current                          rotated: a new successor, which is the current token from now on
//	the one before, within Grace     the same successor again
//	any older, or after Grace        the session ends, and the caller learns that it was reuse
//	of no living session             nothing; ErrOver
//
// The grace is for two tabs that refresh at once and for an answer that was lost on the way. They get the same successor, not another one,
// because two living chains would be what reuse detection cannot tell from theft. To give it again it has to be kept, so it is kept sealed
// under a key derived from its predecessor's secret, which is not kept: only who presents the predecessor can open it.
//
// # What a Keeper guarantees
//
// Keeper says it for its implementations, of which there are two: Redis here, and the database in package store. Package sessiontest holds
// both to it.
package session
