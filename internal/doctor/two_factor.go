package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parley/internal/store"
)

// sealed compares the keys that secrets of authenticator apps are sealed with to those of the settings. Whoever's key is missing cannot sign in
// by their app.
func (e *examination) sealed(ctx context.Context, s *store.Store) {
	const check = "encryption keys"
	by, err := s.SealedTOTPKeys(ctx)
	switch {
	case err != nil:
		e.add(check, Faulty, err.Error(), "")
		return
	case len(e.options.Config.EncryptionKeys) == 0 && len(by) > 0 && e.options.Config.Env == "development":
		e.add(check, Skipped, "development keeps its own in the data folder", "")
		return
	}
	var kids []string
	for _, entry := range e.options.Config.EncryptionKeys {
		kid, _, _ := strings.Cut(entry, ":")
		kids = append(kids, kid)
	}
	good := true
	for _, kid := range slices.Sorted(maps.Keys(by)) {
		switch i := slices.Index(kids, kid); {
		case i < 0:
			good = false
			e.add(check, Faulty, fmt.Sprintf("%d people's authenticator apps are sealed with the key %q, which is not there", by[kid], kid),
				"put it back into PARLEY_AUTH_ENCRYPTION_KEYS; until then these people need a recovery code to sign in")
		case i > 0:
			good = false
			e.add(check, Warning, fmt.Sprintf("%d people's authenticator apps are sealed with the older key %q", by[kid], kid),
				"start the server, which seals them anew, before you take the key out")
		}
	}
	if good {
		e.add(check, OK, "every secret can be read, and none needs an older key", "")
	}
}
