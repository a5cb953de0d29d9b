package command

import (
	"log"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"

	"github.com/lastlayer/lastlayer/internal/command/page"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	model  string
	listen string
	seed   uint64
}

func newServe(g *globals) *cobra.Command {
	var s serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Draw on a page, see what every layer makes of it, and teach the head",
		Long: `serve answers your browser with a page: draw a digit and see what the network
gets, its feature maps and its answer. Put drawings into classes of your own and
retrain the last layers on them, in seconds; what is frozen is compared by hash.
The taught network can be saved as a file for the other commands.

Only this machine can open the page unless --listen says otherwise. Ctrl-C ends
the server, with exit status 0.`,
		Example: "  mnist serve --model digits.safetensors\n  mnist serve --model digits.safetensors --listen 127.0.0.1:0 --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runServe(cmd, newOutput(cmd, g), s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.model, "model", "", "file of the network")
	f.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address and port to serve the page at (port 0: a free one)")
	f.Uint64Var(&s.seed, "seed", 1, "source of every random number")
	return cmd
}

// serveLine says where the page is, in --json.
type serveLine struct {
	URL      string `json:"url"`
	Model    string `json:"model"`
	Loopback bool   `json:"loopback"` // only this machine can open it
}

func runServe(cmd *cobra.Command, out *output, s serveFlags) error {
	if s.model == "" {
		return usage(errors.New("--model: no file given; make one with 'mnist train'"))
	}
	host, port, err := net.SplitHostPort(s.listen)
	if _, numberErr := strconv.ParseUint(port, 10, 16); err != nil || numberErr != nil {
		return usage(errors.Errorf("--listen: found %q, expected an address and a port, as 127.0.0.1:8080", s.listen))
	}
	m, err := weightfile.Read(s.model)
	if err != nil {
		return err
	}
	boundMemory(m.Weights)
	l, err := new(net.ListenConfig).Listen(cmd.Context(), "tcp", s.listen)
	if err != nil {
		return errors.Wrap(err, "--listen")
	}
	defer func() { _ = l.Close() }() // closed already, unless what follows fails
	line := serveLine{Model: s.model, Loopback: isLoopback(l.Addr())}
	line.URL = "http://" + address(host, l.Addr()) + "/"
	server, err := page.New(m, page.Options{
		Name: filepath.Base(s.model), Seed: s.seed, Hosts: hosts(host, line.Loopback), Loopback: line.Loopback,
		Log: log.New(printableLines{cmd.ErrOrStderr()}, "mnist: ", 0),
	})
	if err != nil {
		return err
	}
	if !line.Loopback {
		// Not a note: --quiet is not to hide it.
		out.warn("--listen %s: every machine that reaches this one can open the page and teach the network", s.listen)
	}
	out.text("%s is served at %s   (Ctrl-C ends it)", s.model, line.URL)
	if err := out.object(line); err != nil {
		return err
	}
	if err := server.Serve(cmd.Context(), l); err != nil {
		return err
	}
	return server.Close()
}

// boundMemory has garbage collected before it fills the memory: a network that
// is being taught is there some eight times over, in copies, gradients and
// momenta, and many clients at once need 64 MiB. GOMEMLIMIT says otherwise.
func boundMemory(w *model.Weights) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	bytes := int64(0)
	for _, name := range w.Names() {
		bytes += 4 * int64(w.Get(name).Shape().TotalSize())
	}
	debug.SetMemoryLimit(96<<20 + 8*bytes)
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// address returns what to type into a browser on this machine: the host as it
// was given, this machine where that was none or any, and the port found.
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

// hosts returns the names under which a browser may ask for the page.
func hosts(host string, loopback bool) []string {
	names := []string{host}
	if name, err := os.Hostname(); err == nil && !loopback {
		names = append(names, name)
	}
	return names
}
