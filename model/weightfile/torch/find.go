package torch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// names are those under which training scripts keep the state dictionary in a
// checkpoint.
var names = []string{"state_dict", "model_state_dict", "model", "net", "weights"}

// prefixes are what wrappers put before every name in a state dictionary.
var prefixes = []string{"module.", "_orig_mod."}

// ErrNotState is the cause of the error about a valid file without a state
// dictionary. The message says what to do.
var ErrNotState = errors.New("no state dictionary")

// find returns the state dictionary in what a file holds, and the names that
// lead to it. A dictionary under one of names comes before tensors beside it; a
// file with two of them is refused, since which is meant cannot be told.
func find(root any) (state []item, path []string, err error) {
	for v := root; ; {
		list, ok := items(v)
		if !ok {
			return nil, nil, refuse(v, path)
		}
		var inner []item
		for _, e := range list {
			if key, _ := e.key.(string); slices.Contains(names, key) && holdsTensors(e.value, 3) {
				inner = append(inner, e)
			}
		}
		switch {
		case len(inner) > 1:
			return nil, nil, errors.Wrapf(ErrNotState, "found weights under both %q and %q: write one of them, in PyTorch: torch.save(torch.load('FILE')[%q], 'w.pt')", inner[0].key, inner[1].key, inner[0].key)
		case len(inner) == 1 && len(path) < 4:
			path = append(path, inner[0].key.(string))
			v = inner[0].value
			continue
		case holdsTensors(v, 0):
			return list, path, nil
		}
		for _, e := range list {
			if key, _ := e.key.(string); slices.Contains(names, key) {
				if _, ok := e.value.(*object); ok {
					return nil, nil, refuse(e.value, append(path, key))
				}
			}
		}
		return nil, nil, errors.Wrapf(ErrNotState, "found a dictionary of %s, without tensors, expected a state dictionary, or one under %s", keys(list), strings.Join(names, ", "))
	}
}

// holdsTensors reports whether v is a dictionary with a tensor, or with one, so
// many levels down, under one of names.
func holdsTensors(v any, levels int) bool {
	list, _ := items(v)
	return slices.ContainsFunc(list, func(e item) bool {
		_, ok := e.value.(*tensor)
		key, _ := e.key.(string)
		return ok || levels > 0 && slices.Contains(names, key) && holdsTensors(e.value, levels-1)
	})
}

// refuse returns the error about something that is no dictionary.
func refuse(v any, path []string) error {
	load := "torch.load('FILE', weights_only=False)"
	for _, name := range path {
		load += "[" + strconv.Quote(name) + "]"
	}
	if o, ok := v.(*object); ok {
		return errors.Wrapf(ErrNotState, "found a whole object of class %.100s, expected its state dictionary: in PyTorch, if you trust the file: torch.save(%s.state_dict(), 'w.pt')", o.class, load)
	}
	return errors.Wrapf(ErrNotState, "found a %s, expected a state dictionary: in PyTorch: torch.save(model.state_dict(), 'w.pt')", typeOf(v))
}

// keys lists the first keys of a dictionary.
func keys(list []item) string {
	if len(list) == 0 {
		return "no entries"
	}
	var parts []string
	for _, e := range list[:min(len(list), 5)] {
		if key, ok := e.key.(string); ok {
			parts = append(parts, fmt.Sprintf("%.30q", key))
		} else {
			parts = append(parts, typeOf(e.key))
		}
	}
	if len(list) > len(parts) {
		parts = append(parts, "…")
	}
	return strings.Join(parts, ", ")
}

// strip takes a prefix off that all names have.
func strip(tensors []Tensor) (prefix string) {
	for _, p := range prefixes {
		if len(tensors) > 0 && !slices.ContainsFunc(tensors, func(t Tensor) bool { return len(t.Name) == len(p) || !strings.HasPrefix(t.Name, p) }) {
			for i := range tensors {
				tensors[i].Name = tensors[i].Name[len(p):]
			}
			prefix += p
		}
	}
	return prefix
}
