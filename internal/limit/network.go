package limit

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks whose word about a client's address is taken.
type Proxies []netip.Prefix

// Networks that count as one client. An IPv6 client has at least a /64 to itself and can use a new address for each request. For IPv4 it is
// not thrift but roaming: phones and homes get a new address of the same pool now and then, and are to be known again.
const (
	ipv4Network = 24
	ipv6Network = 64
)

// Network is the network of an address, as a key's ID. An address that is none (a socket file) is in a network of its own.
func Network(a netip.Addr) string {
	if !a.IsValid() {
		return "unknown"
	}
	size := ipv6Network
	if a.Is4() {
		size = ipv4Network
	}
	return netip.PrefixFrom(a, size).Masked().String()
}

// Client is where a request comes from: the other end of its connection, or, when that is a trusted proxy, the nearest address in the
// forwarding headers that is not one. ignored says that there was such a header and it was not believed, which is either somebody who tries, or
// a proxy that is missing in the setting.
//
// The header is read from the right, because each proxy appends whom it heard and only the last ones are ours; what is further left is the
// client's own text. X-Forwarded-For and Forwarded (RFC 7239) are both understood. A proxy maintains one and may pass the other on as the
// client wrote it, so when they disagree neither is believed, and the proxy itself is the client.
func (p Proxies) Client(r *http.Request) (client netip.Addr, ignored bool) {
	peer := address(r.RemoteAddr)
	xff, forwarded := r.Header["X-Forwarded-For"], r.Header["Forwarded"]
	if len(xff) == 0 && len(forwarded) == 0 {
		return peer, false
	}
	if !p.trusts(peer) {
		return peer, true
	}
	byXFF, byForwarded := p.walk(peer, hops(xff)), p.walk(peer, forwardedFor(forwarded))
	switch {
	case len(forwarded) == 0:
		return byXFF, false
	case len(xff) == 0:
		return byForwarded, false
	case byXFF != byForwarded:
		return peer, true
	}
	return byXFF, false
}

// walk goes from the peer towards the client as long as it is told by somebody trusted, and as long as what is told is an address.
func (p Proxies) walk(peer netip.Addr, chain []string) netip.Addr {
	for _, hop := range slices.Backward(chain) {
		if !p.trusts(peer) {
			break
		}
		next := address(hop)
		if !next.IsValid() {
			break
		}
		peer = next
	}
	return peer
}

func (p Proxies) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(a) })
}

// address reads an address with or without a port, in the forms that proxies write. IPv4 in IPv6 is IPv4, and a zone is left out: otherwise one
// client would have many budgets.
func address(text string) netip.Addr {
	text = strings.TrimSpace(text)
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone("")
	}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// hops splits the lines of a list header into its entries.
func hops(lines []string) []string {
	return strings.Split(strings.Join(lines, ","), ",")
}

// forwardedFor returns the for= of each element (RFC 7239, section 4). An element without one is kept, as an address that nobody can
// read: the chain ends there. Commas and semicolons cannot be inside an address, so a quoted one needs no parser; a crafted quoted string
// only spoils the chain for its author.
func forwardedFor(lines []string) []string {
	elements := hops(lines)
	for i, element := range elements {
		elements[i] = ""
		for pair := range strings.SplitSeq(element, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if strings.EqualFold(name, "for") {
				elements[i] = strings.Trim(value, `"`)
			}
		}
	}
	return elements
}
