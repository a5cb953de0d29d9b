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
		Short: "Try a network on a web page: draw or use the camera, look inside, retrain it",
		Long: `serve shows a page in your browser. For a network of drawings it has a sheet to
draw on; for a network of photos it uses your camera: hold a button to record a
class, or choose or drop files. You see live what the network gets, its feature maps
and its answer. You can retrain the last layers on your own classes in seconds;
frozen weights are compared by hash, and a fifth of the photos is held out to
measure the training. The network, also as ONNX, and the samples can be saved for
the other commands.

Each browser has its own samples and network, up to eight of them; then the one that
has been idle longest makes room. Only this machine can open the page unless
--listen says otherwise. Browsers give a camera only to pages of their own machine
and over https. Ctrl-C ends the server, with exit status 0.`,
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
	f.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address and port of the page (port 0: any free one)")
	f.Uint64Var(&s.seed, "seed", 1, "seed of all random numbers")
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
