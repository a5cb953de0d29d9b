package page

import (
	"archive/zip"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
	"github.com/pkg/errors"
)

// oneOfFew refuses a download if too many are under way.
func (s *Server) oneOfFew(w http.ResponseWriter, download func() error) {
	select {
	case s.downloading <- struct{}{}:
		defer func() { <-s.downloading }()
	default:
		refuse(w, http.StatusServiceUnavailable, "busy: found %d downloads under way, expected fewer", cap(s.downloading))
		return
	}
	if err := download(); err != nil {
		s.fail(w, err)
	}
}

// download sends the network as it is now, for the commands.
func (s *Server) download(m *session, w http.ResponseWriter, r *http.Request) {
	p, _ := m.network()
	s.oneOfFew(w, func() error {
		return send(w, r, "taught.safetensors", func(path string) error { return weightfile.Write(path, p.model) })
	})
}

// downloadONNX sends it for other programs.
func (s *Server) downloadONNX(m *session, w http.ResponseWriter, r *http.Request) {
	p, _ := m.network()
	s.oneOfFew(w, func() error {
		return send(w, r, "taught.onnx", func(path string) error { return onnx.Write(path, p.model, onnx.Options{}) })
	})
}

// send has a file written to a folder of its own, and sends it.
func send(w http.ResponseWriter, r *http.Request, name string, write func(path string) error) error {
	folder, err := os.MkdirTemp("", "lastlayer-")
	if err != nil {
		return errors.Wrap(err, "a folder for the download")
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, name)
	if err := write(path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return errors.Wrap(err, "read the download")
	}
	defer f.Close()
	attach(w, "application/octet-stream", name)
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

func attach(w http.ResponseWriter, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
}

// downloadSamples sends the samples as a folder for the commands, packed.
func (s *Server) downloadSamples(m *session, w http.ResponseWriter, _ *http.Request) {
	c, _ := m.samples()
	if c.total() == 0 {
		refuse(w, http.StatusNotFound, "samples: found none, expected some to download")
		return
	}
	s.oneOfFew(w, func() error {
		attach(w, "application/zip", "samples.zip")
		if err := c.pack(w); err != nil {
			s.log.Printf("download of samples: %v", err)
			panic(http.ErrAbortHandler) // so that the client sees that the download is not complete
		}
		return nil
	})
}

// pack writes the samples as a zip file with a folder for each class. If any are held
// out, those are under test and the others under train.
func (c classes) pack(w io.Writer) error {
	z := zip.NewWriter(w)
	halves := slices.ContainsFunc(c, func(k class) bool { return k.held() > 0 })
	folders := c.folders()
	for at, k := range c {
		first := len(k.Samples) - k.held()
		for i, s := range k.Samples {
			half := ""
			if halves && i < first {
				half = "train/"
			} else if halves {
				half = "test/"
			}
			f, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%s%s/%04d%s", half, folders[at], i+1, s.ending()), Method: zip.Store})
			if err == nil {
				err = s.write(f)
			}
			if err != nil {
				return err
			}
		}
	}
	return z.Close()
}

// write writes the sample as an image file.
func (s sample) write(w io.Writer) error {
	if s.photo == nil {
		return png.Encode(w, &image.Gray{Pix: s.digit[:], Stride: 28, Rect: image.Rect(0, 0, 28, 28)})
	}
	_, err := w.Write(s.photo.file)
	return err
}

// ending returns the ending of the sample's file.
func (s sample) ending() string {
	if s.photo != nil {
		switch kind := http.DetectContentType(s.photo.file); kind {
		case "image/jpeg":
			return ".jpg"
		case "image/gif", "image/webp", "image/bmp":
			return "." + strings.TrimPrefix(kind, "image/")
		case "application/octet-stream":
			return ".tif" // the only kind that is read but not detected
		}
	}
	return ".png"
}

// folders returns a folder name for each class: its own, unless that means something
// else on some system.
func (c classes) folders() []string {
	var names []string
	for _, k := range c {
		name := strings.Map(func(r rune) rune {
			if strings.ContainsRune(`/\:*?"<>|`, r) {
				return '_'
			}
			return r
		}, k.Name)
		name = strings.TrimRight(name, ". ")
		if name == "" || name[0] == '.' {
			name = "_" + name
		}
		for slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, name) }) {
			name += "_"
		}
		names = append(names, name)
	}
	return names
}
