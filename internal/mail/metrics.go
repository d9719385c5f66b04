package mail

import "github.com/prometheus/client_golang/prometheus"

// Metrics count mails by their kind. A nil *Metrics counts nothing.
type Metrics struct {
	mails   *prometheus.CounterVec
	waiting prometheus.Gauge
}

// The ways in which handling a mail once can end.
const (
	Sent    = "sent"
	Retried = "retried" // it did not work and is tried again later
	Failed  = "failed"  // given up
	Skipped = "skipped" // nobody to send it to, or too many to one address
)

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_mail_handled_total", Help: "Tries to send an e-mail, by its kind and how the try ended.",
		}, []string{"kind", "outcome"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{Name: "parley_mail_waiting", Help: "E-mails that wait to be sent, by any node."}),
	}
	for _, c := range []prometheus.Collector{m.mails, m.waiting} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Handled counts one try.
func (m *Metrics) Handled(kind, outcome string) {
	if m != nil {
		m.mails.WithLabelValues(kind, outcome).Inc()
	}
}

// Waiting says how many mails wait.
func (m *Metrics) Waiting(n int64) {
	if m != nil {
		m.waiting.Set(float64(n))
	}
}
