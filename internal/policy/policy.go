// Package policy holds what surrounds the code to the project's rules, without a network: the GitHub workflows (pins, rights, time limits)
// and the documents (what they point at exists). It knows nothing of the server.
package policy
