//go:build race

package chaos

// underRace says that this process looks for races. The official Go client has one, between a reconnect and a subscription that tries again
// (seen in centrifuge-go 0.10.12), and would be found in each run.
const underRace = true
