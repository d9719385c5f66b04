// Package mail is the engine that sends e-mail: it turns a letter into a message of text and HTML, and hands messages to a mail server, or in
// development to a folder. It knows no account and no link's meaning; when to send, and when to try again, is its caller's business.
package mail
