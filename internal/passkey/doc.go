// Package passkey is an engine: it asks browsers for passkeys (WebAuthn) and judges what they answer. It keeps nothing: what a ceremony needs
// later is a text that its caller keeps and gives back once. It knows people by their number and name, and nothing of accounts, sessions or
// databases.
package passkey
