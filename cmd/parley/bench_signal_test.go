package main

import (
	"context"
	"os"
	"testing"
	"time"
)

// timeout -s INT sends two signals at once and means one. What a bench made on a server stayed there for it.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	signals, pause, ended := make(chan os.Signal), make(chan time.Time), make(chan struct{})
	go func() {
		defer close(ended)
		secondSignal(context.Background(), signals, func() <-chan time.Time { return pause })
	}()
	for range 3 { // none is buffered: each was looked at when the next is taken
		signals <- os.Interrupt
	}
	pause <- time.Time{} // nobody would take it when it had ended
	signals <- os.Interrupt
	<-ended
}
