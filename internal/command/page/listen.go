package page

import (
	"context"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Site is where a page is to be served.
type Site struct {
	Listener net.Listener
	URL      string   // what to type into a browser on this machine
	Loopback bool     // only this machine can open it
	Hosts    []string // names by which a browser may request it
}

// ErrAddress is the cause of Listen's error for something that is not an address.
var ErrAddress = errors.New("expected an address and a port, as 127.0.0.1:8080")

// Run serves a network at an address and a port until ctx is done, which is no error.
// It calls ready with the place before it answers the first request. Hosts and
// Loopback of the options follow from the address. The memory of the process is
// limited.
func Run(ctx context.Context, n *model.Network, at string, opt Options, ready func(*Site) error) error {
	boundMemory(n.Weights)
	site, err := Listen(ctx, at)
	if err != nil {
		return err
	}
	defer func() { _ = site.Listener.Close() }() // already closed, unless what follows fails
	opt.Hosts, opt.Loopback = site.Hosts, site.Loopback
	server, err := New(n, opt)
	if err != nil {
		return err
	}
	if err := ready(site); err != nil {
		return err
	}
	if err := server.Serve(ctx, site.Listener); err != nil {
		return err
	}
	return server.Close()
}

// Listen listens at an address and a port, 0 for a free one. The page can be
// opened only from this machine when the address is a loopback one.
func Listen(ctx context.Context, at string) (*Site, error) {
	host, port, err := net.SplitHostPort(at)
	if _, numberErr := strconv.ParseUint(port, 10, 16); err != nil || numberErr != nil {
		return nil, errors.WithMessagef(ErrAddress, "found %q", at)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", at)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	s := &Site{Listener: l, URL: "http://" + address(host, l.Addr()) + "/", Loopback: isLoopback(l.Addr()), Hosts: []string{host}}
	if name, err := os.Hostname(); err == nil && !s.Loopback {
		s.Hosts = append(s.Hosts, name)
	}
	return s, nil
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// address returns what to type into a browser on this machine: the host as given, or
// this machine for an empty or wildcard host, and the actual port.
func address(host string, a net.Addr) string {
	_, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// boundMemory sets a limit at which garbage is collected more often: while a network
// is taught there are some eight copies of it, with gradients and momenta; many
// clients at once need 64 MiB; and sessions keep data. GOMEMLIMIT overrides it.
func boundMemory(w *model.Weights) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(96<<20 + 8*weightBytes(w) + sessionsFor(w)*sessionBytes(w))
	}
}
