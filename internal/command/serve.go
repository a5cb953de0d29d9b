package command

import (
	"log"
	"net"
	"path/filepath"

	"github.com/lastlayer/lastlayer/internal/command/page"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	model string
	sourceFlags
	listen string
	seed   uint64
}

func newServe(g *globals) *cobra.Command {
	var s serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Draw or show things on a page, see what every layer makes of it, and teach the head",
		Long: `serve answers your browser with a page. A network of drawings gets one to draw on.
A network of photos gets one with your camera: hold a button to record a class,
or choose or drop files. See what the network gets, its feature maps and its
answer, live. Retrain the last layers on classes of your own, in seconds; what is
frozen is compared by hash. A fifth of the photos is held out and measures the
training. The network, also as ONNX, and the samples can be saved for the other
commands.

Each browser has its own samples and network, up to eight of them: the longest
idle one makes room. Only this machine can open the page unless --listen says
otherwise; browsers give their camera only to pages of their own machine, and to
https. Ctrl-C ends the server, with exit status 0.`,
		Example: g.example("serve --model digits.safetensors\nserve --model digits.safetensors --listen 127.0.0.1:0 --json",
			"serve --model mine.safetensors\nserve --model mobilenet.onnx --labels labels.txt --prepare tf"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runServe(cmd, newOutput(cmd, g), s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.model, "model", "", formats)
	s.sourceFlags.add(cmd)
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
		return out.program.noNetwork("model")
	}
	m, err := s.open(cmd.Context(), out, s.model)
	if err != nil {
		return err
	}
	opt := page.Options{Name: filepath.Base(s.model), Seed: s.seed, Log: log.New(escape.Lines{Writer: cmd.ErrOrStderr()}, cmd.Root().Name()+": ", 0)}
	err = page.Run(cmd.Context(), m, s.listen, opt, func(site *page.Site) error {
		if !site.Loopback {
			// Not a note: --quiet is not to hide it.
			out.warn("--listen %s: every machine that reaches this one can open the page and teach the network", s.listen)
		}
		out.text("%s is served at %s   (Ctrl-C ends it)", s.model, site.URL)
		return out.object(serveLine{site.URL, s.model, site.Loopback})
	})
	var place *net.OpError
	switch {
	case errors.Is(err, page.ErrAddress):
		return usage(errors.WithMessage(err, "--listen"))
	case errors.As(err, &place):
		return errors.WithMessage(err, "--listen")
	}
	return err
}
