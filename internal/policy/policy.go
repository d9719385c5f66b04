// Package policy holds what surrounds the code to the project's rules, without a network: the GitHub workflows (pins, rights, time limits),
// the documents (what they point at exists) and the deployment (who waits for whom, what can be reached). It knows nothing of the server.
package policy
