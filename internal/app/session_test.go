package app_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"parley/internal/app"
	"parley/internal/chat"
)

// One answer of Redis that took too long used to end the start of a node.
func TestStart_waits_for_what_is_away(t *testing.T) {
	t.Parallel()
	away, broken := chat.ErrUnavailable.Because(errors.New("too late")), errors.New("broken")
	for name, tt := range map[string]struct {
		answers []error // the last one again and again
		most    time.Duration
		want    error
		asked   int // at least
	}{
		"that_comes":      {[]error{away, away, nil}, time.Hour, nil, 3},
		"that_is_broken":  {[]error{away, broken}, time.Hour, broken, 2},
		"that_stays_away": {[]error{away}, 0, away, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			err := app.UntilThere(t.Context(), tt.most, slog.New(slog.DiscardHandler), func(context.Context) error {
				asked++
				return tt.answers[min(asked, len(tt.answers))-1]
			})
			if !errors.Is(err, tt.want) || asked < tt.asked {
				t.Errorf("%v after %d times, want %v after %d", err, asked, tt.want, tt.asked)
			}
		})
	}
}
