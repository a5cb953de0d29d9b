package weightfile

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/internal/strictjson"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// stateName returns the name in State of a tensor that is state.
func stateName(e Tensor) (string, bool) {
	name, ok := strings.CutPrefix(e.Name, statePrefix)
	return name, ok && len(e.Shape) == 1
}

// parseMetadata returns the contents of a file without its numbers.
func parseMetadata(metadata map[string]string, file string) (*ourFile, error) {
	v, ok := metadata[keyVersion]
	if !ok {
		return nil, fault(ErrForeign, file, "metadata %s: found none (%s)", keyVersion, convertHint)
	}
	if v != versionChain && v != versionGraph {
		return nil, fault(ErrFormat, file, "metadata %s: found %.20q, expected %q or %q (a newer program made it?)", keyVersion, v, versionChain, versionGraph)
	}
	m := &ourFile{Network: &model.Network{}}
	var err error
	if m.Spec, err = model.ParseSpec([]byte(metadata[keySpec])); err != nil {
		return nil, fault(model.ErrSpec, file, "metadata %s: %v", keySpec, err)
	}
	if err := strictjson.Decode([]byte(metadata[keyClasses]), &m.Classes); err != nil {
		return nil, fault(ErrFormat, file, "metadata %s: %v", keyClasses, err)
	}
	if err := strictjson.Decode([]byte(metadata[keyPrep]), &m.Prep); err != nil {
		return nil, fault(ErrFormat, file, "metadata %s: %v", keyPrep, err)
	}
	if text := metadata[keySeen]; text != "" {
		if err := strictjson.Decode([]byte(text), &m.Seen); err != nil {
			return nil, fault(ErrFormat, file, "metadata %s: %v", keySeen, err)
		}
	}
	for name, text := range metadata {
		switch name {
		case keyVersion, keySpec, keyClasses, keyPrep, keySHA256, keySeen:
			continue
		}
		if m.Meta == nil {
			m.Meta = map[string]string{}
		}
		m.Meta[name] = text
	}
	return m, m.checkText(file, ErrFormat)
}

// metadata returns what parseMetadata reads, but for the checksum.
func (m *ourFile) metadata() (map[string]string, error) {
	all := map[string]string{keyVersion: versionGraph}
	if m.Spec.FirstVersion() && !m.Prep.IsPhoto() {
		all[keyVersion] = versionChain
	}
	for key, v := range map[string]any{keySpec: m.Spec, keyClasses: m.Classes, keyPrep: m.Prep} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return nil, errors.Wrap(err, key)
		}
		all[key] = strings.TrimSuffix(b.String(), "\n")
	}
	for name, text := range m.Meta {
		all[name] = text
	}
	return all, m.addSeen(all)
}

// addSeen adds which images the network has seen, as many of them as the other metadata leaves room for.
func (m *ourFile) addSeen(all map[string]string) error {
	if m.Seen.Len() == 0 {
		return nil
	}
	others, err := json.Marshal(all)
	if err != nil {
		return errors.WithStack(err)
	}
	const around = 200 // bytes of the names, of what stands around the sums, and of the checksum
	const perImage = 8 // bytes of base64
	seen := m.Seen.Lowest(max(0, maxMetadata-len(others)-around) / perImage)
	if seen.Len() == 0 {
		return nil
	}
	text, err := json.Marshal(seen)
	all[keySeen] = string(text)
	return errors.WithStack(err)
}

// checkText checks labels, preprocessing and the names of further metadata.
func (m ourFile) checkText(file string, cause error) error {
	if found, want := len(m.Classes), m.Spec.Classes(); found != want {
		return fault(cause, file, "classes: found %d labels, expected %d, one for each logit", found, want)
	}
	seen := map[string]bool{}
	for i, label := range m.Classes {
		if label == "" || seen[label] || !utf8.ValidString(label) {
			return fault(cause, file, "classes: label %d: found %.100q, expected a name in UTF-8 that no other class has", i, label)
		}
		seen[label] = true
	}
	for _, err := range []error{m.Prep.Validate(), m.Prep.CheckShape(m.Spec.Input)} {
		if err != nil {
			return fault(cause, file, "%v", err)
		}
	}
	if err := m.Seen.Validate(); err != nil {
		return fault(cause, file, "metadata %s: %v", keySeen, err)
	}
	for name, text := range m.Meta {
		if strings.HasPrefix(name, ownPrefix) || name == keySeen || !utf8.ValidString(name) || !utf8.ValidString(text) {
			return fault(cause, file, "metadata %.100q: expected UTF-8, and a name that is not %q and does not begin with %q", name, keySeen, ownPrefix)
		}
	}
	return nil
}
