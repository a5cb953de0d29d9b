//go:build unix

package command

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lastlayer/lastlayer/internal/peer"
)

// served is mnist serve as a process of its own.
type served struct {
	cmd    *exec.Cmd
	url    string
	stderr *bytes.Buffer
	rest   *bufio.Reader // of standard output
}

// startServe serves the pretrained network, or that of the flags given.
func startServe(t *testing.T, listen string, network ...string) *served {
	t.Helper()
	if network == nil {
		network = []string{"--model", pretrained()}
	}
	s := &served{cmd: program(t, append([]string{"serve", "--quiet", "--json", "--listen", listen}, network...)...), stderr: &bytes.Buffer{}}
	s.cmd.Stderr = s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cmd.Process.Kill() })
	s.rest = bufio.NewReader(stdout)
	said, err := s.rest.ReadBytes('\n')
	if err != nil {
		t.Fatalf("serve --listen %s: %v: %s", listen, err, s.stderr)
	}
	var line map[string]any
	if err := json.Unmarshal(said, &line); err != nil {
		t.Fatal(err)
	}
	kinds{"url": text, "model": text, "loopback": yes}.check(t, line)
	if loopback := !strings.HasPrefix(listen, "0.0.0.0"); line["loopback"] != loopback {
		t.Errorf("--listen %s: found loopback %v", listen, line["loopback"])
	}
	s.url = line["url"].(string)
	return s
}

// end sends a signal and returns the exit status.
func (s *served) end(t *testing.T, signal syscall.Signal) int {
	t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if more, err := io.ReadAll(s.rest); err != nil || len(more) > 0 {
		t.Errorf("found %q and %v on standard output after the first line", more, err)
	}
	s.cmd.Wait() // its error is the exit status
	return s.cmd.ProcessState.ExitCode()
}

func ask(t *testing.T, method, url string, body io.Reader) (int, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, content
}

// TestServeAnswersAsPredict holds the page's answer to that of the command, of
// the network as loaded and of the one that is saved.
func TestServeAnswersAsPredict(t *testing.T) {
	images, labels := digits(t, 2)
	s := startServe(t, "127.0.0.1:0")
	t.Chdir(t.TempDir())
	status, saved := ask(t, "GET", s.url+"model", nil)
	if status != 200 {
		t.Fatalf("status %d: %s", status, saved)
	}
	writeFile(t, "saved.safetensors", saved)
	for i, digit := range images {
		drawing := encoded(t, onPaper(digit, 9, 14, white, black), ".png")
		writeFile(t, "drawing.png", drawing)
		status, answer := ask(t, "POST", s.url+"predict", bytes.NewReader(drawing))
		var page struct {
			Label         string
			Classes       []string
			Probabilities []float64
		}
		if err := json.Unmarshal(answer, &page); err != nil || status != 200 {
			t.Fatalf("status %d, %v: %.200s", status, err, answer)
		}
		for _, file := range []string{pretrained(), "saved.safetensors"} {
			command := ok(t, "predict", "--json", "--model", file, "drawing.png").last(t)
			if page.Label != command["label"] || page.Label != labels[i] || page.Probabilities[i/2] != command["probabilities"].(map[string]any)[page.Classes[i/2]] {
				t.Errorf("the page answers %v, the command with %s %v", page, filepath.Base(file), command)
			}
		}
	}
}

// TestServeEnds stops servers in the midst of an answer and of nothing: it has
// done its job, status 0. One of them at least ends at once, without the grace
// that an answer under way would have.
func TestServeEnds(t *testing.T) {
	shortest := time.Hour
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		s := startServe(t, "localhost:0")
		if status, content := ask(t, "GET", s.url, nil); status != 200 || !strings.Contains(string(content), "<!DOCTYPE html>") {
			t.Errorf("status %d: %.100s", status, content)
		}
		start := time.Now()
		if status := s.end(t, signal); status != exitDone || s.stderr.Len() > 0 {
			t.Errorf("%v: exit status %d and %q on standard error, expected 0 and nothing", signal, status, s.stderr)
		}
		shortest = min(shortest, time.Since(start))
	}
	if shortest > 4*time.Second {
		t.Errorf("ended after %v", shortest)
	}
}

func TestServeSaysWhoCanOpenIt(t *testing.T) {
	s := startServe(t, "0.0.0.0:0")
	if status, _ := ask(t, "GET", s.url, nil); status != 200 || !strings.HasPrefix(s.url, "http://localhost:") {
		t.Errorf("%s: status %d", s.url, status)
	}
	if status := s.end(t, syscall.SIGINT); status != exitDone || !strings.HasPrefix(s.stderr.String(), "mnist: warning: --listen 0.0.0.0:0: every machine") || strings.Count(s.stderr.String(), "\n") != 1 {
		t.Errorf("exit status %d and %q on standard error, in spite of --quiet expected a warning", status, s.stderr)
	}
}

func TestServePortTaken(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	address := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/")
	mnist(t, "serve", "--model", pretrained(), "--listen", address).refused(t, exitFailed, "--listen", "in use")
}

// TestServeTeachesPhotos teaches a page two signs, and measures what it saves by
// the command: on the photos held out, both give the same.
func TestServeTeachesPhotos(t *testing.T) {
	slow(t)
	network, signs := peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx"), peer.Data(t, "photos/signs")
	s := startServe(t, "127.0.0.1:0", "--model", network, "--prepare", "tf", "--labels", peer.Data(t, "pretrained/imagenet-1001-labels.txt"))
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	send := func(method, path string, body io.Reader) []byte {
		t.Helper()
		req, err := http.NewRequest(method, s.url+path, body)
		if err != nil {
			t.Fatal(err)
		}
		response, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("%s %s: status %d, %v: %.200s", method, path, response.StatusCode, err, content)
		}
		return content
	}
	for _, class := range []string{"0", "5"} {
		photos, err := filepath.Glob(filepath.Join(signs, "train", class, "*"))
		if err != nil || len(photos) < 20 {
			t.Fatalf("found %d photos of %s, %v", len(photos), class, err)
		}
		for _, photo := range photos[:20] {
			send("POST", "samples?class="+class, bytes.NewReader(readFile(t, photo)))
		}
	}
	_, end, _ := strings.Cut(string(send("POST", "retrain", strings.NewReader(`{"last":1}`))), "event: done\ndata: ")
	var taught struct{ Measured, Right int }
	if err := json.Unmarshal([]byte(end), &taught); err != nil || taught.Measured != 8 || taught.Right < 6 {
		t.Fatalf("found %q, %v", end, err)
	}
	folder := t.TempDir()
	t.Chdir(folder)
	writeFile(t, "taught.safetensors", send("GET", "model", nil))
	writeFile(t, "taught.onnx", send("GET", "model.onnx", nil))
	samples := send("GET", "samples.zip", nil)
	z, err := zip.NewReader(bytes.NewReader(samples), int64(len(samples)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS("samples", z); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"taught.safetensors", "taught.onnx"} {
		line := ok(t, "eval", "--json", "--model", file, "--data", "samples").last(t)
		if line["examples"] != float64(taught.Measured) || line["correct"] != float64(taught.Right) || file == "taught.safetensors" && line["trained_on"] != 0.0 {
			t.Errorf("%s: eval says %v, the page %+v", file, line, taught)
		}
	}
}
