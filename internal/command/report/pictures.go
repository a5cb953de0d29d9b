package report

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"image/png"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/model"
)

const (
	shownMistakes  = 24
	mistakeColumns = 6
)

// draw adds the pictures to the page and to the files.
func (r *Report) draw(v *view, files map[string][]byte) error {
	add := func(name, label string, p picture.Picture) (template.HTML, error) {
		svg, err := p.SVG()
		if err != nil {
			return "", err
		}
		raster, err := p.PNG()
		if err != nil {
			return "", err
		}
		files[name+".svg"], files[name+".png"] = svg, raster
		drawn, err := p.Inline(label)
		return template.HTML(drawn), err // the drawing escapes its texts
	}
	var err error
	if epochs := v.drawn; len(epochs) > 0 {
		if v.Loss, err = add("loss", "Loss by epoch; the table below has the figures", picture.Loss(epochs)); err != nil {
			return err
		}
		if v.Accuracy, err = add("accuracy", "Accuracy by epoch; the table below has the figures", picture.Accuracy(epochs)); err != nil {
			return err
		}
	}
	if r.Metrics != nil && len(r.Test.Classes) <= picture.MaxClasses {
		p, err := picture.Confusion(r.Test.Classes, r.Metrics.Confusion)
		if err != nil {
			return err
		}
		heat, err := add("confusion", "Confusion matrix as a heat map", p)
		if err != nil {
			return err
		}
		if v.Matrix == nil { // a table of that many classes would be useless
			v.Heat = heat
		}
	}
	if shown := r.Mistakes[:min(len(r.Mistakes), shownMistakes)]; len(shown) > 0 {
		if _, err := add("mistakes", "", picture.Mistakes(r.Test, shown, mistakeColumns)); err != nil {
			return err
		}
		if v.Mistakes, err = r.gallery(shown); err != nil {
			return err
		}
	}
	if r.Kernels == nil {
		return nil
	}
	p, err := r.Kernels.draw(v)
	if err != nil {
		return err
	}
	v.Kernels.Picture, err = add("kernels", "Kernels of "+r.Kernels.Weight, p)
	return err
}

// mistake is one figure of the gallery.
type mistake struct {
	Image, Map  template.URL // Map is "" where there is none
	File        string       // "" where the images are in no files
	Index       int
	True, Given string
	Probability string
}

func (r *Report) gallery(shown []picture.Mistake) ([]mistake, error) {
	var gallery []mistake
	for i, m := range shown {
		content, err := picture.Digit(r.Test, m.Index)
		if err != nil {
			return nil, err
		}
		one := mistake{Image: inline(content), File: r.Test.File(m.Index), Index: m.Index,
			True: r.Test.Classes[r.Test.Label(m.Index)], Given: r.Test.Classes[m.Given], Probability: picture.Percent(m.Probability)}
		if i < len(r.Maps) {
			var drawn bytes.Buffer
			if err := png.Encode(&drawn, r.Maps[i].Draw()); err != nil {
				return nil, err
			}
			one.Map = inline(drawn.Bytes())
		}
		gallery = append(gallery, one)
	}
	return gallery, nil
}

// inline returns a PNG file as a URL that holds it.
func inline(content []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(content))
}

// kernels is the section of the first layer's kernels.
type kernels struct {
	Picture       template.HTML
	Weight        string
	Drawn, All    int
	Channels      int
	Scale         string
	Before, After string // SHA-256; Before is "" where nothing was trained
}

func (k *Kernels) draw(v *view) (picture.Picture, error) {
	after := k.After.Get(k.Weight)
	groups := []picture.KernelGroup{{Title: k.Weight, Kernel: after}}
	s := &kernels{Weight: k.Weight, All: after.Shape()[0], Channels: after.Shape()[1], After: hash(k.After, k.Weight)}
	if k.Before != nil {
		s.Before = hash(k.Before, k.Weight)
		change := "changed"
		if s.Before == s.After {
			change = "bit-identical"
		}
		groups[0].Title = fmt.Sprintf("after: %s", change)
		groups = append([]picture.KernelGroup{{Title: "before the training", Kernel: k.Before.Get(k.Weight)}}, groups...)
	}
	p, drawn, black, err := picture.Kernels(groups...)
	s.Drawn, s.Scale = drawn, picture.KernelScale(black)
	v.Kernels = s
	return p, err
}

func hash(w *model.Weights, name string) string {
	h := w.Hash(name)
	return hex.EncodeToString(h[:])
}
