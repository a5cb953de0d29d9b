package picture_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/model"
)

var (
	dotNode = regexp.MustCompile(`^  (\w+) \[((?:\w+="(?:[^"\\]|\\.)*"|\w+=[\w.]+)(?:, (?:\w+="(?:[^"\\]|\\.)*"|\w+=[\w.]+))*)\];$`)
	dotEdge = regexp.MustCompile(`^  (\w+) -> (\w+)(?: \[.*\])?;$`)
)

// readDOT checks the syntax line by line and returns the nodes' attributes and
// the edges.
func readDOT(t *testing.T, text string) (nodes map[string]string, edges []string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if !regexp.MustCompile(`^digraph \w+ \{$`).MatchString(lines[0]) || lines[len(lines)-1] != "}" {
		t.Fatalf("found %q … %q, expected digraph name { … }", lines[0], lines[len(lines)-1])
	}
	if strings.Count(text, "{") != 1 || strings.Count(text, "[")-strings.Count(text, "]") != 0 || strings.Count(text, `"`)%2 != 0 {
		t.Error("the brackets or quotes are not balanced")
	}
	nodes = map[string]string{}
	for _, line := range lines[1 : len(lines)-1] {
		if m := dotEdge.FindStringSubmatch(line); m != nil {
			edges = append(edges, m[1]+" "+m[2])
		} else if m := dotNode.FindStringSubmatch(line); m != nil {
			if _, twice := nodes[m[1]]; twice {
				t.Errorf("the node %s is there twice", m[1])
			}
			nodes[m[1]] = m[2]
		} else if line != "  rankdir=LR;" {
			t.Errorf("found the line %q", line)
		}
	}
	delete(nodes, "node") // the defaults
	for _, e := range edges {
		for _, end := range strings.Fields(e) {
			if _, ok := nodes[end]; !ok {
				t.Errorf("the edge %s has no node %s", e, end)
			}
		}
	}
	return nodes, edges
}

// TestDOT checks the picture of the layers.
func TestDOT(t *testing.T) {
	nodes, edges := readDOT(t, graphOf(t, trainer(t, model.DeepMNIST(), model.Last(2))).DOT())
	// images, conv1, conv2, fc1, drop, fc2, loss; weights of four layers.
	if len(nodes) != 7+4 {
		t.Errorf("found %d nodes, expected 11: %v", len(nodes), nodes)
	}
	// Six steps forward, four of weights, three of the gradient: to fc2, drop,
	// fc1.
	if len(edges) != 6+4+3 {
		t.Errorf("found %d edges, expected 13: %v", len(edges), edges)
	}
}

// TestNodesDOT checks that every node of the graph is drawn, and every edge.
func TestNodesDOT(t *testing.T) {
	tr := trainer(t, model.DeepMNIST(), model.Last(2))
	nodes, edges := readDOT(t, graphOf(t, tr).NodesDOT())
	g := tr.Net().Scope().Graph()
	if len(nodes) != len(g.AllNodes()) {
		t.Errorf("found %d nodes, expected %d", len(nodes), len(g.AllNodes()))
	}
	count := 0
	for _, n := range g.AllNodes() {
		attributes := nodes[fmt.Sprintf("n%d", n.ID())]
		if !strings.HasPrefix(attributes, `label="`+n.Name()+`\n`) {
			t.Errorf("%s: found %q", n.Name(), attributes)
		}
		if bold := strings.Contains(attributes, "penwidth=3"); bold != (n.Deriv() != nil) {
			t.Errorf("%s: found a bold border: %v", n.Name(), bold)
		}
		count += g.From(n.ID()).Len()
	}
	if len(edges) != count {
		t.Errorf("found %d edges, expected %d", len(edges), count)
	}
	trained := 0
	for _, attributes := range nodes {
		if strings.Contains(attributes, "#f4a742") {
			trained++
		}
	}
	if trained != 4 {
		t.Errorf("found %d nodes in the colour of variables, expected 4", trained)
	}
}

// TestWriteGraph writes the layers or every node of the graph that a trainer runs.
func TestWriteGraph(t *testing.T) {
	t.Chdir(t.TempDir())
	tr := trainer(t, model.DeepMNIST(), model.Last(2))
	for nodes, want := range map[bool]string{false: graphOf(t, tr).DOT(), true: graphOf(t, tr).NodesDOT()} {
		if err := picture.WriteGraph("g.dot", tr, nodes); err != nil {
			t.Fatal(err)
		}
		if found, err := os.ReadFile("g.dot"); err != nil || string(found) != want {
			t.Errorf("nodes %t: found %d bytes, %v, expected the graph's %d", nodes, len(found), err, len(want))
		}
	}
	if err := picture.WriteGraph("g.dot", nil, false); err == nil {
		t.Error("expected an error without a trainer")
	}
}
