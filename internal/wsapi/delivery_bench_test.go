package wsapi_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/store"
)

// BenchmarkDelivery posts one message at a time into a room of 50 and waits until the last member has it: all on one node without Redis, all on one
// node with it, and half of them on a second node. From the acknowledgement, which comes after the commit, to the last receipt is what delivery costs;
// it is less than nothing when receipts overtake the acknowledgement. Only the ratios of one run mean something.
func BenchmarkDelivery(b *testing.B) {
	const members = 50
	for name, start := range map[string]func() []*parleytest.Server{
		"memory": func() []*parleytest.Server {
			return []*parleytest.Server{parleytest.Start(b, parleytest.On(store.Postgres))}
		},
		"redis": func() []*parleytest.Server { return parleytest.Nodes(b, 1, nil) },
		"nodes": func() []*parleytest.Server { return parleytest.Nodes(b, 2, nil) },
	} {
		b.Run(name, func(b *testing.B) {
			nodes := start()
			maya := nodes[0].SignUp(b, "maya")
			room := maya.CreateRoom("Fifty", contract.RoomKindPublic).ID
			sockets := make([]*parleytest.Socket, members)
			for i := range sockets {
				p := nodes[i%len(nodes)].SignUp(b, fmt.Sprint("member", i))
				p.Join(room)
				sockets[i] = p.Connect()
			}
			for _, s := range sockets { // when everybody has joined, so that nothing but messages comes
				s.Subscribe(room)
			}
			var receipts, acks, above []time.Duration
			round := 0
			for b.Loop() {
				round++
				began := time.Now()
				var all sync.WaitGroup
				for _, s := range sockets {
					all.Go(func() {
						for s.Next().Type != contract.MessagePostedEventEvent {
						}
					})
				}
				maya.Post(room, "hello", fmt.Sprint("k", round))
				ack := time.Since(began)
				all.Wait()
				receipt := time.Since(began)
				receipts, acks, above = append(receipts, receipt), append(acks, ack), append(above, receipt-ack)
			}
			for unit, list := range map[string][]time.Duration{"receipt": receipts, "ack": acks, "above": above} {
				slices.Sort(list)
				b.ReportMetric(float64(list[len(list)/2].Microseconds()), unit+"-p50-µs")
				b.ReportMetric(float64(list[len(list)*99/100].Microseconds()), unit+"-p99-µs")
			}
		})
	}
}
