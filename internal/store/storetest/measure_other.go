//go:build !unix

package storetest

import "time"

// ownTime is not counted here: what is measured is measured where Parley is served.
func ownTime() time.Duration { return 0 }
