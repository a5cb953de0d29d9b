package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// outcome is the output of one process: its numbers by name, and the rest of its last
// line for the record.
type outcome struct {
	numbers map[string]float64
	line    map[string]any
}

// runCommand runs the command in a fresh process, in the module's root.
func runCommand(ctx context.Context, c command, variables map[string]string) (outcome, error) {
	args := expand(c.args, variables)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(), "GOMAXPROCS=2")
	if c.out != "" {
		if err := os.Remove(c.out); err != nil && !os.IsNotExist(err) {
			return outcome{}, err
		}
	}
	runtime.GC() // so that our garbage collector does not run meanwhile
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return outcome{}, errors.Errorf("%s: %v: %s", c, err, lastLine(stderr.String()))
	}
	elapsed := time.Since(start).Seconds()
	parse := parseJSON
	if c.name == "gemm" {
		parse = parseGemm
	}
	o, err := parse(stdout.String())
	if err != nil {
		return o, errors.Wrap(err, c.String())
	}
	o.numbers["process_seconds"] = elapsed
	if c.out != "" {
		info, err := os.Stat(c.out)
		if err != nil {
			return o, errors.Wrap(err, c.String())
		}
		o.numbers["disk_seconds"] = info.ModTime().Sub(start).Seconds()
	}
	return o, nil
}

// expand replaces words that start with $ by the variable's value. Settings are split
// into several words; a path with spaces stays one word.
func expand(args []string, variables map[string]string) []string {
	var expanded []string
	for _, word := range args {
		name, is := strings.CutPrefix(word, "$")
		switch value := variables[name]; {
		case !is:
			expanded = append(expanded, word)
		case name == "BEST" || name == "PLAIN":
			expanded = append(expanded, strings.Fields(value)...)
		default:
			expanded = append(expanded, value)
		}
	}
	return expanded
}

// parseJSON reads JSON objects, one per line. It returns the numbers of the last one,
// and epoch_seconds, the mean of the epochs' seconds.
func parseJSON(text string) (outcome, error) {
	o := outcome{numbers: map[string]float64{}}
	var epochs []float64
	for line := range strings.Lines(text) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			return o, errors.Errorf("found the line %q, expected a JSON object", strings.TrimSpace(line))
		}
		o.line = object
		if _, ok := object["epoch"]; ok {
			if s, ok := object["seconds"].(float64); ok {
				epochs = append(epochs, s)
			}
		}
	}
	if o.line == nil {
		return o, errors.New("found nothing on standard output, expected a JSON object")
	}
	for name, value := range o.line {
		if v, ok := value.(float64); ok {
			o.numbers[name] = v
		}
	}
	if len(epochs) > 0 {
		sum := 0.0
		for _, s := range epochs {
			sum += s
		}
		o.numbers["epoch_seconds"] = sum / float64(len(epochs))
	}
	return o, nil
}

// lastLine returns the last non-empty line: in a Python traceback, the error itself.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
