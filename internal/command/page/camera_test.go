package page

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"golang.org/x/image/draw"
)

// camera returns the flags of a Chromium whose camera sees photos of a class.
func camera(t *testing.T, class string) []string {
	t.Helper()
	const w, h, frames = 320, 240, 25
	var b bytes.Buffer
	fmt.Fprintf(&b, "YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n", w, h)
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for n := range frames {
		draw.NearestNeighbor.Scale(img, img.Rect, scene(class, 1000+n), image.Rect(0, 0, 160, 120), draw.Src, nil)
		var planes [3][]byte
		for y := range h {
			for x := range w {
				c := img.NRGBAAt(x, y)
				luma, blue, red := color.RGBToYCbCr(c.R, c.G, c.B)
				planes[0] = append(planes[0], luma)
				if x%2 == 0 && y%2 == 0 {
					planes[1], planes[2] = append(planes[1], blue), append(planes[2], red)
				}
			}
		}
		fmt.Fprint(&b, "FRAME\n")
		for _, plane := range planes {
			b.Write(plane)
		}
	}
	path := filepath.Join(t.TempDir(), class+".y4m")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return []string{"use-fake-device-for-media-stream", "", "use-fake-ui-for-media-stream", "", "use-file-for-fake-video-capture", path}
}

// record holds the button until a class has so many photos.
func (b *browser) record(class string, n int) {
	b.Helper()
	b.run(chromedp.SetValue(chromedp.CSS("#class"), class))
	at := b.middle("#record")
	mouse := input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMousePressed, X: at[0], Y: at[1], Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1}
	call(b, input.DispatchMouseEvent, mouse)
	b.until("frames are recorded", fmt.Sprintf(`Number(document.getElementById('added').textContent.match(/%s: (\d+) added/)?.[1]) >= %d`, class, n))
	mouse.Type, mouse.Buttons = input.DispatchMouseEventTypeMouseReleased, 0
	call(b, input.DispatchMouseEvent, mouse)
	b.until("the recording has ended", `!document.getElementById('record').classList.contains('held')`)
	before := eval[string](b, `document.getElementById('added').textContent`)
	time.Sleep(300 * time.Millisecond)
	if after := eval[string](b, `document.getElementById('added').textContent`); after != before {
		b.Errorf("found %q, and %q after the button was let go", before, after)
	}
}

// choose adds n photos of a class by files, from number first on.
func (b *browser) choose(class string, first, n int) {
	b.Helper()
	var files []string
	for i := range n {
		path := filepath.Join(b.TempDir(), fmt.Sprintf("%s %d.png", class, i))
		if err := os.WriteFile(path, []byte(encode(b.T, scene(class, first+i))), 0o666); err != nil {
			b.Fatal(err)
		}
		files = append(files, path)
	}
	b.run(chromedp.SetValue(chromedp.CSS("#class"), class), chromedp.SetUploadFiles(chromedp.CSS("#files"), files))
	b.until("the files are added", fmt.Sprintf(`document.getElementById('classes').innerText.includes('%[1]s: ') && document.getElementById('added').textContent.startsWith('%[1]s: %[2]d added')`, class, n))
}

// TestBrowserCamera teaches two classes by the camera and one by files.
func TestBrowserCamera(t *testing.T) {
	r := serveWith(t, photoNetwork(t), usualTimeouts)
	b := open(t, r, 1280, camera(t, "cup")...)
	b.run(chromedp.Click(chromedp.CSS("#camera")))
	b.until("the camera is on", `document.getElementById('seen').textContent !== ''`)
	if found := eval[string](b, `document.getElementById('label').textContent`); found != "none of these" {
		t.Errorf("a network that knows nothing answers %q", found)
	}
	b.record("cup", 15)
	b.choose("leaf", 0, 15)
	b.checkNames()
	eval[any](b, `document.getElementById('class').value = 'cup'`)
	b.run(chromedp.Focus(chromedp.CSS("#record")), chromedp.KeyEvent(" ")) // a short press is one frame, which the camera may repeat
	b.until("a frame is recorded by a key", `/^cup: (1 added|0 added; 1 already there)\.$/.test(document.getElementById('added').textContent)`)
	b.well()
	b.close()

	b = open(t, r, 1280, camera(t, "sky")...)
	b.until("the classes are shown", `document.querySelectorAll('#classes img').length === 2`)
	b.record("sky", 15)
	b.run(chromedp.Focus(chromedp.CSS("#retrain")), chromedp.KeyEvent(kb.Enter))
	b.until("the head is retrained", `document.getElementById('status').textContent.startsWith('Trained in')`)
	if status := eval[string](b, `document.getElementById('status').textContent`); !strings.Contains(status, "Accuracy on photos held out, none of them taught: ") || !strings.Contains(status, "leaf 3 of 3") {
		t.Errorf("found %q", status)
	}
	if focus := eval[string](b, `document.activeElement.id`); focus != "retrain" {
		t.Errorf("found the focus on %q after retraining", focus)
	}
	b.until("the camera's picture is known", `document.getElementById('seen').textContent.startsWith('sky ')`)
	b.run(chromedp.Evaluate[chromedp.Void](`scrollTo(0, 0)`))
	b.seen("#class", "#record", "#retrain", "#stop", "#camera", "#seen", "#classes", "#status", "#curve", "#label", "#bars", "#sure", "label[for=ask]", "#save")
	if columns := eval[[]float64](b, `['.samples', '.teach', '.answer', '.inside'].map((s) => document.querySelector(s).getBoundingClientRect()).flatMap((r) => [r.left, r.top, r.bottom])`); columns[0] >= columns[3] || columns[3] >= columns[6] || columns[1] != columns[4] || columns[4] != columns[7] || columns[10] <= max(columns[2], columns[5], columns[8]) {
		b.Errorf("found the sections at %v, expected three side by side and the fourth below them", columns)
	}
	b.pictures("photos", 1280)
	for _, link := range []string{"taught.safetensors", "taught.onnx", "samples.zip"} {
		b.saved(link)
	}
	b.run(chromedp.SetUploadFiles(chromedp.CSS("#ask"), []string{b.written("a leaf.png", encode(t, scene("leaf", 500)))}))
	b.until("the photo is known", `document.getElementById('label').textContent === 'leaf'`)
	b.until("layers are shown", `document.querySelectorAll('#layers canvas:not([hidden])').length === 5`)
	borders := eval[[]string](b, `[...document.querySelectorAll('#layers li')].map((c) => c.querySelector('h3').textContent + ' ' + getComputedStyle(c).borderTopStyle)`)
	if want := []string{"conv1 + relu1 dashed", "conv2 + relu2 dashed", "pool solid", "flatten solid", "fc solid"}; !slices.Equal(borders, want) { // dashed: weights that stay
		t.Errorf("found the borders %q, expected %q", borders, want)
	}
	b.pictures("asked", 1280)
	b.well()
	b.run(chromedp.SetUploadFiles(chromedp.CSS("#ask"), []string{b.written("words.png", "words")}))
	b.until("the error names the file", `document.getElementById('alert').textContent.includes('words.png: image: ')`)
	b.run(chromedp.SetUploadFiles(chromedp.CSS("#files"), []string{b.written("words.png", "words"), b.written("sky.png", encode(t, scene("sky", 7)))}))
	b.until("the good one is added, and the error is shown", `document.getElementById('added').textContent === 'sky: 1 added of 2.' && document.getElementById('alert').textContent.includes('words.png: image: ')`)
}

// TestBrowserPhonePhotos teaches with a finger, where a phone has a camera and
// where it has none.
func TestBrowserPhonePhotos(t *testing.T) {
	r := serveWith(t, photoNetwork(t), usualTimeouts)
	r.show(t, 0, 5, "leaf", "sky")
	b := open(t, r, 390, camera(t, "cup")...)
	call(b, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 1})
	b.run(chromedp.Click(chromedp.CSS("#camera")))
	b.until("the camera is on", `document.getElementById('seen').textContent !== ''`)
	for _, end := range []string{"0", "document.body.scrollHeight"} {
		b.run(chromedp.Evaluate[chromedp.Void](`scrollTo(0, ` + end + `)`))
		b.seen("#class", "label[for=files]", "#record", "#retrain", "#stop")
		if top := eval[float64](b, `document.querySelector('.controls').getBoundingClientRect().top / innerHeight`); top < 0.6 {
			b.Errorf("the controls begin at %.2f of the height", top)
		}
	}
	b.run(chromedp.SetValue(chromedp.CSS("#class"), "cup"))
	at := b.middle("#record")
	call(b, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchStart, TouchPoints: []*input.TouchPoint{{X: at[0], Y: at[1]}}})
	b.until("frames are recorded", `Number(document.getElementById('added').textContent.match(/cup: (\d+) added/)?.[1]) >= 5`)
	call(b, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}})
	b.run(chromedp.Click(chromedp.CSS("#retrain")))
	b.until("the head is retrained", `document.getElementById('status').textContent.startsWith('Trained in')`)
	b.until("the camera's picture is known", `document.getElementById('seen').textContent.startsWith('cup ')`)
	b.pictures("photos", 390)
	b.well()

	script := "Object.defineProperty(navigator, 'mediaDevices', { value: undefined }); Object.defineProperty(window, 'isSecureContext', { value: false });"
	call(b, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	b.run(chromedp.Reload())
	b.until("the page says why there is no camera", `document.getElementById('no-camera').textContent.includes('plain http') && document.getElementById('record').hidden`)
	b.choose("leaf", 100, 5)
	b.pictures("no-camera", 390)
	eval[any](b, `document.getElementById('class').value = ''`)
	b.run(chromedp.SetUploadFiles(chromedp.CSS("#files"), []string{b.written("a.png", encode(t, scene("sky", 7)))}))
	b.until("the error is shown", `document.getElementById('alert').textContent === 'Name the class first.'`)
	b.seen("#alert")
	b.well()
}

// middle returns the middle of an element, in the window.
func (b *browser) middle(selector string) []float64 {
	b.Helper()
	return eval[[]float64](b, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })()`, selector))
}

func (b *browser) written(name, content string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		b.Fatal(err)
	}
	return path
}

// saved clicks on a link and waits for the file.
func (b *browser) saved(name string) {
	b.Helper()
	folder := b.TempDir()
	call(b, cdp.SetDownloadBehavior, cdp.SetDownloadBehaviorParams{Behavior: cdp.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder})
	b.run(chromedp.Click(chromedp.CSS("a[download='" + name + "']")))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil && info.Size() > 1000 {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s: not saved after 20 s", name)
		}
	}
}

// seen checks that all of these can be seen, and touched, in the window as it is
// scrolled now.
func (b *browser) seen(selectors ...string) {
	b.Helper()
	for _, selector := range selectors {
		if found := eval[string](b, fmt.Sprintf(`(() => {
			const e = document.querySelector(%q), r = e.getBoundingClientRect();
			const top = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
			if (r.width < 1 || r.top < 0 || r.left < 0 || r.bottom > innerHeight || r.right > innerWidth) return 'cut off at ' + JSON.stringify(r);
			return e.contains(top) ? '' : 'beneath ' + (top?.id || top?.outerHTML.slice(0, 100));
		})()`, selector)); found != "" {
			b.Errorf("%s is %s", selector, found)
		}
	}
}
