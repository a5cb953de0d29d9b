package page

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "folder to write pictures of the page to")

// browser is one tab of a headless Chromium that shows the page.
type browser struct {
	*testing.T
	ctx   context.Context
	close context.CancelFunc
	page  *running

	mu      sync.Mutex
	trouble []string // what the console and the network complained of
}

// open opens the page in a new Chromium, at a width of so many pixels. Flags are
// further ones of Chromium's, each with its value.
func open(t *testing.T, r *running, width int64, flags ...string) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short")
	}
	found := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil && found == "" {
			found = path
		}
	}
	if found == "" {
		t.Skip("no Chromium is installed (looked for chromium, chromium-browser, google-chrome, chrome): the page is not tried out")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(found), chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	for i := 0; i < len(flags); i += 2 {
		options = append(options, chromedp.Flag(flags[i], flags[i+1]))
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root with it
	}
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeTab := chromedp.NewContext(allocated)
	ctx, expire := context.WithTimeout(ctx, 2*time.Minute)
	b := &browser{T: t, ctx: ctx, page: r, close: closeTab}
	t.Cleanup(func() { expire(); closeTab(); stop() })
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500})
	// The session of the test's requests.
	r.get(t, "GET", "/state", "", new(stateAnswer))
	at, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.client.Jar.Cookies(at) {
		call(b, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: r.url})
	}
	b.run(chromedp.Navigate(r.url))
	b.until("the network is shown", `document.querySelectorAll('#bars tbody tr').length > 0`)
	return b
}

// listen notes what must not happen.
func (b *browser) listen(event any) {
	said := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		said = fmt.Sprint(e.ExceptionDetails.Text, " ", e.ExceptionDetails.Exception)
	case *log.EventEntryAdded:
		said = fmt.Sprint(e.Entry.Level, ": ", e.Entry.Text, " ", e.Entry.URL)
	case *network.EventRequestWillBeSent:
		if to := e.Request.URL; !strings.HasPrefix(to, b.page.url+"/") && !strings.HasPrefix(to, "data:") && !strings.HasPrefix(to, "blob:") {
			said = "asked for " + to
		}
	}
	if said != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.trouble = append(b.trouble, said)
	}
}

// well fails the test if anything was complained of.
func (b *browser) well() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.trouble) > 0 {
		b.Errorf("the browser complains: %s", strings.Join(b.trouble, "\n"))
	}
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// eval returns the value of an expression in the page.
func eval[T any](b *browser, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// call sends a command to the browser.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) R {
	b.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.Fatal(err)
	}
	return result
}

// until waits for an expression to become true.
func (b *browser) until(what, expression string) {
	b.Helper()
	for deadline := time.Now().Add(20 * time.Second); !eval[bool](b, expression); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("%s: not so after 20 s; the page says %q", what, eval[string](b, `document.querySelector('main').innerText + document.getElementById('alert').textContent`))
		}
	}
}

// box returns where the drawing area is: left, top and side.
func (b *browser) box() []float64 {
	b.Helper()
	b.run(chromedp.ScrollIntoView(chromedp.CSS("#pad")))
	return eval[[]float64](b, `(() => { const r = document.getElementById('pad').getBoundingClientRect(); return [r.left, r.top, r.width]; })()`)
}

// stroke draws through points of the 280×280 area, with the mouse or a finger.
func (b *browser) stroke(points [][2]float64, finger bool) {
	b.Helper()
	box := b.box()
	for i, p := range points {
		x, y := box[0]+p[0]*box[2]/280, box[1]+p[1]*box[2]/280
		if finger {
			touch := input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchMove, TouchPoints: []*input.TouchPoint{{X: x, Y: y}}}
			if i == 0 {
				touch.Type = input.DispatchTouchEventTypeTouchStart
			}
			call(b, input.DispatchTouchEvent, touch)
			continue
		}
		mouse := input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: x, Y: y, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1}
		if i == 0 {
			mouse.Type = input.DispatchMouseEventTypeMousePressed
		}
		call(b, input.DispatchMouseEvent, mouse)
		if i == len(points)-1 {
			mouse.Type, mouse.Buttons = input.DispatchMouseEventTypeMouseReleased, 0
			call(b, input.DispatchMouseEvent, mouse)
		}
	}
	if finger {
		call(b, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}})
	}
}

// drawn draws on a clean sheet and returns the answer, once the page has said
// how long it took.
func (b *browser) drawn(points [][2]float64) string {
	b.Helper()
	b.run(chromedp.Click(chromedp.CSS("#clear")))
	b.until("the sheet is clean", `document.getElementById('label').textContent === '–'`)
	eval[any](b, `performance.clearMeasures()`)
	b.stroke(points, false)
	return b.answer()
}

func (b *browser) answer() string {
	b.Helper()
	b.until("the answer is spoken", `document.getElementById('spoken').textContent.startsWith('Prediction: ')`)
	b.until("the answer is timed", `performance.getEntriesByName('stroke to result').length > 0`)
	return eval[string](b, `document.getElementById('label').textContent`)
}

// fits makes sure that the page needs no horizontal scrolling.
func (b *browser) fits(width int) {
	b.Helper()
	if found := eval[[]int](b, `[document.documentElement.scrollWidth, innerWidth]`); found[0] > found[1] || found[1] != width {
		b.Errorf("found a page %d pixels wide in a window of %d, expected it to fit %d", found[0], found[1], width)
	}
}

// barsInTable makes sure that the bars of the answer lie in its table.
func (b *browser) barsInTable() {
	b.Helper()
	if outside := eval[int](b, `(() => { const t = document.getElementById('bars').getBoundingClientRect();
		return [...document.querySelectorAll('.track')].map((e) => e.getBoundingClientRect()).filter((r) => r.width < 20 || r.left < t.left || r.right > t.right || r.top < t.top || r.bottom > t.bottom).length; })()`); outside > 0 {
		b.Errorf("found %d bars outside of their table", outside)
	}
}

// pictures checks the width in light and dark, and writes both to the folder of
// -screenshots.
func (b *browser) pictures(name string, width int) {
	b.Helper()
	for _, scheme := range []string{"light", "dark"} {
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		b.fits(width)
		b.barsInTable()
		if *screenshots == "" {
			continue
		}
		picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*screenshots, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)), picture, 0o666); err != nil {
			b.Error(err)
		}
	}
}
