package picture

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// graphOfNames makes a graph whose blocks compute these layers, comma apart, each
// reading the one before: or those that follow it as ":name". One after the word
// cut is above it; * stands before what is trained.
func graphOfNames(text string) Graph {
	g := Graph{blocks: []block{{title: "images", below: strings.Contains(text, "cut")}}}
	at := map[string]int{}
	below := g.blocks[0].below
	for _, word := range strings.Fields(text) {
		if word == "cut" {
			below, g.cut = false, len(g.blocks)
			continue
		}
		layers, from, _ := strings.Cut(word, ":")
		trained := strings.HasPrefix(layers, "*")
		b := block{layers: strings.Split(strings.TrimPrefix(layers, "*"), ","), below: below, reached: !below, inputs: []int{len(g.blocks) - 1}}
		b.title = strings.Join(b.layers, " + ")
		if from != "" {
			b.inputs = nil
			for _, name := range strings.Split(from, ",") {
				b.inputs = append(b.inputs, at[name])
			}
		}
		if !strings.Contains(b.layers[0], "pool") {
			b.tensors = []weight{{"W", []int{2, 3}, trained, trained}}
		}
		at[b.layers[len(b.layers)-1]] = len(g.blocks)
		g.blocks = append(g.blocks, b)
	}
	g.blocks = append(g.blocks, block{title: "loss", reached: true, inputs: []int{len(g.blocks) - 1}})
	return g
}

// TestFolded folds graphs, and looks at the titles, at who reads whom, and at the
// cut.
func TestFolded(t *testing.T) {
	several := func(n int, format string) string {
		var words []string
		for i := range n {
			words = append(words, strings.ReplaceAll(format, "%", fmt.Sprint(i)))
		}
		return strings.Join(words, " ")
	}
	for _, test := range []struct {
		reason string
		text   string
		want   string // titles with the inputs that are not the one before; ~ where paths join inside
		cut    int
	}{
		{"few blocks stay", "conv1 a.1.conv a.1.add:conv1,a.1.conv *fc", "images conv1 a.1.conv a.1.add[1,2] fc loss", 0},
		{"residual blocks", "conv1,bn1 " + several(12, "l1.%.conv1 l1.%.pool1 l1.%.conv2,l1.%.add:l1.%.pool1") + " cut *fc",
			"images conv1+bn1 l1.0 l1.1 l1.2 l1.3 l1.4 l1.5 l1.6 l1.7 l1.8 l1.9 l1.10 l1.11 fc loss", 14},
		{"a skip inside, and over the cut", several(14, "a.%.x a.%.y a.%.z:a.%.x,a.%.y") + " b.x cut *b.y *b.pool:b.x,b.y fc", "images " + several(14, "~a.%") + " b.x b.y b.pool[15,16] fc loss", 16},
		{"trained beside frozen", several(31, "a.%.conv") + " cut *b.conv1 b.conv2 *b.conv3 b.pool", "images a b.conv1 b.conv2 b.conv3+pool loss", 2},
		{"both sides of the cut", several(40, "a.%.conv") + " b.conv1 b.conv2 cut b.pool *fc", "images a b.conv1+conv2 b.pool fc loss", 3},
		{"underlines", several(20, "block%_conv1 block%_conv2"), "images " + several(20, "block%") + " loss", 0},
		{"no prefix", several(90, "conv%"), "", 0},
	} {
		g := graphOfNames(test.text).folded()
		var titles []string
		for i, b := range g.blocks {
			title := strings.NewReplacer(" … ", "…", " + ", "+").Replace(b.title)
			if i > 0 && !slices.Equal(b.inputs, []int{i - 1}) {
				title += strings.ReplaceAll(fmt.Sprint(b.inputs), " ", ",")
			}
			if b.joins {
				title = "~" + title
			}
			titles = append(titles, title)
		}
		if got := strings.Join(titles, " "); test.want != "" && got != test.want || g.cut != test.cut {
			t.Errorf("%s: found\n%s\ncut %d, expected\n%s\ncut %d", test.reason, got, g.cut, test.want, test.cut)
		}
		if len(g.blocks) > mostBlocks+2 {
			t.Errorf("%s: found %d blocks, expected about %d at most", test.reason, len(g.blocks), mostBlocks)
		}
		layers := 0
		for _, b := range g.blocks {
			layers += len(b.layers)
		}
		want := 0
		for _, b := range graphOfNames(test.text).blocks {
			want += len(b.layers)
		}
		if layers != want {
			t.Errorf("%s: found %d layers, expected all %d", test.reason, layers, want)
		}
	}
}
