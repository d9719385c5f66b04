package bench

import "sync/atomic"

const (
	pageSize = 1 << 10
	pages    = 1 << 12
)

// table is a list that grows while many read it, up to pageSize*pages entries.
type table[T any] [pages]atomic.Pointer[[pageSize]T]

// at returns an entry, making its page when there is none yet; nil beyond the end.
func (t *table[T]) at(i int64) *T {
	if i < 0 || i >= pageSize*pages {
		return nil
	}
	p := &t[i/pageSize]
	page := p.Load()
	if page == nil {
		page = new([pageSize]T)
		if !p.CompareAndSwap(nil, page) {
			page = p.Load()
		}
	}
	return &page[i%pageSize]
}
