package command

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lastlayer/lastlayer/internal/peer"
)

// mostForPhotos is what the program may take for any folder of photos, with a small
// network.
const mostForPhotos = 400 << 20

// plain is an image of one colour that takes no memory: that of this process would
// count for a program that it starts.
type plain image.Rectangle

func (plain) ColorModel() color.Model   { return color.NRGBAModel }
func (p plain) Bounds() image.Rectangle { return image.Rectangle(p) }
func (plain) At(int, int) color.Color   { return color.NRGBA{40, 90, 200, 128} }

// hostileFolder makes a folder of two classes with all that people have among their
// photos, two of the largest that are read with it, and returns the names of those
// that cannot be read. What can be is in good.
func hostileFolder(t *testing.T, dir string) (good, bad []string) {
	t.Helper()
	kinds, err := filepath.Glob(filepath.Join(repository, "testdata/photos/*")) // turned, CMYK, palette, transparent, animated
	check(t, err)
	deep := image.NewNRGBA64(image.Rect(0, 0, 60, 40))
	for i := range deep.Pix {
		deep.Pix[i] = byte(i)
	}
	small := encoded(t, deep, ".png")
	photo := encoded(t, deep, ".jpg")
	files := map[string][]byte{
		"deep.png": small, "a PNG named.jpg": small, "no ending": photo, "-rf.png": small, "😀 – ü.png": small, "ESC \x1b[31m.png": small,
		"large.jpg": encoded(t, plain(image.Rect(0, 0, 12000, 8000)), ".jpg"),
		"large.png": encoded(t, plain(image.Rect(0, 0, 8000, 8000)), ".png"),
	}
	for _, path := range kinds {
		files[filepath.Base(path)] = readFile(t, path)
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), 20000), 20000)
	header = append(header, 8, 2, 0, 0, 0)
	unreadable := map[string][]byte{
		"cut.jpg": photo[:len(photo)/2], "empty.jpg": nil, "page.jpg": []byte("<html>404</html>"), "bad \x1b]0;title\a.png": []byte("no"),
		"20000.png":  binary.BigEndian.AppendUint32(append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...), crc32.ChecksumIEEE(header)),
		"phone.heic": []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00 and so on"),
	}
	for name, content := range files {
		writeFile(t, filepath.Join(dir, "things – all", name), content)
		good = append(good, name)
	}
	for name, content := range unreadable {
		writeFile(t, filepath.Join(dir, "things – all", name), content)
		bad = append(bad, name)
	}
	for name, content := range map[string][]byte{"notes.txt": []byte("June"), ".hidden.png": small, "film.mov": []byte("\x00\x00\x00\x14ftypqt  ")} {
		writeFile(t, filepath.Join(dir, "things – all", name), content)
	}
	for i := range 5 {
		name := fmt.Sprint("plain", i, ".png")
		writeFile(t, filepath.Join(dir, "plain", name), encoded(t, image.NewGray(image.Rect(0, 0, 60+i, 40)), ".png"))
		good = append(good, name)
	}
	check(t, os.Symlink("../plain/plain0.png", filepath.Join(dir, "things – all", "link.png")))
	check(t, os.Symlink("nowhere", filepath.Join(dir, "things – all", "dangling.png")))
	return append(good, "link.png"), append(bad, "dangling.png")
}

// mostHeld returns the most memory that a process has held so far, in bytes.
func mostHeld(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	var kibibytes int64
	_, _ = fmt.Sscan(text, &kibibytes)
	return 1024 * kibibytes
}

// TestHostilePhotos retrains on a folder in which many files are not photos, and
// classifies them: every file is read or reported, and memory stays small.
func TestHostilePhotos(t *testing.T) {
	slow(t)
	network := peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx")
	t.Chdir(t.TempDir())
	good, bad := hostileFolder(t, "photos")
	run := func(args ...string) (ran, int64) {
		t.Helper()
		var out, err bytes.Buffer
		cmd := programOf(t, LastLayer.name, args...)
		cmd.Stdout, cmd.Stderr = &out, &err
		check(t, cmd.Start())
		var peak atomic.Int64
		done := make(chan struct{})
		go func() { // what the process had when it ends is of no use: it counts what the test held
			for ; ; time.Sleep(10 * time.Millisecond) {
				select {
				case <-done:
					return
				default:
					peak.Store(max(peak.Load(), mostHeld(cmd.Process.Pid)))
				}
			}
		}()
		_ = cmd.Wait() // its status is looked at
		close(done)
		r := ran{strings.Join(args, " "), cmd.ProcessState.ExitCode(), out.String(), err.String()}
		if strings.ContainsAny(r.out+r.err, "\x1b\a") || strings.Contains(r.err, "goroutine ") {
			t.Errorf("%s: found %q and %q", r.args, r.out, r.err)
		}
		return r, peak.Load()
	}
	retrain := []string{"retrain", "--from", network, "--prepare", "tf", "--data", "photos", "--epochs", "2", "--json"}
	refused, _ := run(retrain...)
	if refused.status != exitFailed || !strings.Contains(refused.err, fmt.Sprintf("%d of %d files are not usable", len(bad), len(bad)+len(good))) || !strings.Contains(refused.err, "--skip-bad") {
		t.Errorf("found status %d and %s", refused.status, refused.err)
	}
	for _, name := range bad {
		if !strings.Contains(refused.err, strings.NewReplacer("\x1b", `\x1b`, "\a", `\a`).Replace(name)) && !strings.Contains(refused.err, strings.NewReplacer("\x1b", `\x1b`, "\a", `\x07`).Replace(name)) {
			t.Errorf("%q is not listed in %s", name, refused.err)
		}
	}
	if found := files(t, "."); found != "photos" {
		t.Errorf("left the files %s", found)
	}
	skipped, peak := run(append(retrain, "--skip-bad")...)
	if skipped.status != exitDone || !strings.Contains(skipped.err, "skipped files that are not images: 3") {
		t.Fatalf("found status %d and %s", skipped.status, skipped.err)
	}
	if peak == 0 || peak > mostForPhotos {
		t.Errorf("retrain: found a peak of %d MiB, expected at most %d", peak>>20, mostForPhotos>>20)
	}
	answered, peak := run("predict", "--model", "retrained.safetensors", "photos")
	if lines := strings.Count(answered.out, "\n"); answered.status != exitFailed || lines != len(good) || !strings.Contains(answered.err, fmt.Sprintf("%d of %d images have no answer", len(bad), len(bad)+len(good))) {
		t.Errorf("found status %d, %d answers to %d images, and %s", answered.status, lines, len(good), answered.err)
	}
	if peak == 0 || peak > mostForPhotos {
		t.Errorf("predict: found a peak of %d MiB, expected at most %d", peak>>20, mostForPhotos>>20)
	}
	check(t, os.Mkdir("photos/empty", 0o777))
	if r, _ := run(append(retrain, "--skip-bad")...); r.status != exitFailed || !strings.Contains(r.err, "class empty: found no images") {
		t.Errorf("found status %d and %s", r.status, r.err)
	}
}
