package realtime

import (
	"errors"

	"github.com/centrifugal/protocol"
	"github.com/prometheus/client_golang/prometheus"
)

// sentCounters count what goes past the library with the library's own counters, which would otherwise miss most of what is sent.
type sentCounters struct{ publications, messages, unsubscribes sentCounter }

type sentCounter struct{ count, size prometheus.Counter }

func (c sentCounter) add(count, size int) {
	c.count.Add(float64(count))
	c.size.Add(float64(size))
}

func newSentCounters(reg prometheus.Registerer) (*sentCounters, error) {
	labels := []string{"transport", "frame_type", "channel_namespace"}
	count, err := libraryCounter(reg, "messages_sent", "Number of messages sent to client connections over specific transport.", labels)
	if err != nil {
		return nil, err
	}
	size, err := libraryCounter(reg, "messages_sent_size",
		"MaxSize in bytes of messages sent to client connections over specific transport (uncompressed and does not include framing overhead).", labels)
	if err != nil {
		return nil, err
	}
	of := func(kind protocol.FrameType) sentCounter {
		return sentCounter{count.WithLabelValues(transportName, kind.String(), ""), size.WithLabelValues(transportName, kind.String(), "")}
	}
	return &sentCounters{
		publications: of(protocol.FrameTypePushPublication), messages: of(protocol.FrameTypePushMessage), unsubscribes: of(protocol.FrameTypePushUnsubscribe),
	}, nil
}

var errNoCounter = errors.New("the library does not have this counter")

// libraryCounter finds a counter that the library has registered: registering the same once more gives the first.
func libraryCounter(reg prometheus.Registerer, name, help string, labels []string) (*prometheus.CounterVec, error) {
	same := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: libraryMetrics, Subsystem: "transport", Name: name, Help: help}, labels)
	var known prometheus.AlreadyRegisteredError
	if err := reg.Register(same); !errors.As(err, &known) {
		return nil, errors.Join(errNoCounter, err)
	}
	counter, ok := known.ExistingCollector.(*prometheus.CounterVec)
	if !ok {
		return nil, errNoCounter
	}
	return counter, nil
}

// libraryMetrics is what the names of the library's metrics begin with.
const libraryMetrics = "parley_realtime"
