// Package ops is the operators' door: is the process alive, can it serve, what does it measure, where does it spend
// its time. It asks for no password, so it belongs on a private listener; only Health's two handlers are fit for the
// public one. It does not know what it checks: probes come in as functions.
//
// # Readiness
//
// A check has at most one probe under way. Requests that come meanwhile wait for that probe instead of starting
// their own, so neither a flood of requests nor a dependency that hangs can pile up goroutines. Each check answers
// within its timeout even when its probe ignores the context it is given: the probe is then left behind, the check
// says "timed out" at once for as long as it is stuck, and is asked anew after it has come back.
//
// Errors of probes hold host names, addresses and sometimes passwords. They are reduced to one of four phrases
// ("timed out", "refused", "unreachable", "failed"), because the answer is public; who wants the whole error in the
// log wraps the probe.
package ops
