package hub

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// Options say where files come from and go to.
type Options struct {
	Cache    string // the folder; made where it is missing
	Endpoint string // https://huggingface.co, or another server
	Token    string // sent to the endpoint, and to no other host; empty for none
	Offline  bool   // make no request
	// Progress is called while a file is downloaded, with the bytes so far and in
	// all. May be nil.
	Progress func(file string, done, total int64)
	// Transport makes the requests; nil for http.DefaultTransport.
	Transport http.RoundTripper
}

// FromEnvironment returns options as Hugging Face's library takes them from
// HF_HUB_CACHE, HF_HOME, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE.
func FromEnvironment() (Options, error) {
	opt := Options{Cache: expand(os.Getenv("HF_HUB_CACHE")), Endpoint: os.Getenv("HF_ENDPOINT"), Token: strings.TrimSpace(os.Getenv("HF_TOKEN"))}
	if opt.Cache == "" {
		home := expand(os.Getenv("HF_HOME"))
		if home == "" {
			base := os.Getenv("XDG_CACHE_HOME")
			if base == "" {
				user, err := os.UserHomeDir()
				if err != nil {
					return Options{}, errors.Wrap(err, "the hub's cache: set HF_HOME or HF_HUB_CACHE")
				}
				base = filepath.Join(user, ".cache")
			}
			home = filepath.Join(expand(base), "huggingface")
		}
		opt.Cache = filepath.Join(home, "hub")
	}
	if opt.Endpoint == "" {
		opt.Endpoint = "https://huggingface.co"
	}
	switch strings.ToUpper(os.Getenv("HF_HUB_OFFLINE")) {
	case "1", "ON", "YES", "TRUE":
		opt.Offline = true
	}
	return opt, nil
}

// expand puts in the home folder for ~ and the environment's values for $NAME.
func expand(p string) string {
	if p == "~" || strings.HasPrefix(p, "~/") {
		if home, err := os.UserHomeDir(); err == nil {
			p = home + p[1:]
		}
	}
	return os.ExpandEnv(p)
}

// endpoint returns the endpoint without a slash at its end, checked.
func (o Options) endpoint() (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(o.Endpoint, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.Errorf("the hub's endpoint: found %.100q, expected a URL such as https://huggingface.co", o.Endpoint)
	}
	return u, nil
}
