package report_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/lastlayer/lastlayer/internal/command/report"
)

// browser starts Chromium, or leaves the test out where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("left out: Chromium is not installed")
	}
	// No sandbox: it is our own page, and root has none.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// show opens a file in a window of that width, light or dark.
func show(t *testing.T, ctx context.Context, file string, width int64, scheme string) {
	t.Helper()
	look := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
	if err := chromedp.Do(ctx, look, chromedp.EmulateViewport(width, 844), chromedp.Navigate("file://"+file)); err != nil {
		t.Fatal(err)
	}
}

func evaluate[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// lookOver returns what is wrong with the page as it is laid out: what leaves
// the page or its own box, letters that are too small or too faint, images that
// were not shown, and requests.
const lookOver = `(() => {
  const wrong = [], root = document.documentElement;
  const say = (e, what) => wrong.push(what + ': ' + e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + e.textContent.trim().slice(0, 40));
  if (root.scrollWidth > root.clientWidth) wrong.push('the page is ' + root.scrollWidth + ' pixels wide, the window ' + root.clientWidth);
  const channels = c => { const n = c.match(/[\d.]+/g).map(Number); return c.startsWith('color(') ? n : n.map((v, i) => i < 3 ? v / 255 : v); };
  // Relative luminance and contrast as WCAG 2.2 defines them.
  const luminance = c => [.2126, .7152, .0722].reduce((sum, w, i) => sum + w * (c[i] <= .04045 ? c[i] / 12.92 : ((c[i] + .055) / 1.055) ** 2.4), 0);
  const behind = e => { for (; e; e = e.parentElement) { const c = channels(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] === 1) return c; if (c[3] > 0) { const below = behind(e.parentElement); return below.slice(0, 3).map((v, i) => v * (1 - c[3]) + c[i] * c[3]); } } return [1, 1, 1]; };
  for (const e of document.querySelectorAll('h1, h2, p, th, td, figcaption, small, a, summary, dt, dd, caption')) {
    const box = e.getBoundingClientRect();
    if (box.width === 0) continue;
    if (!e.closest('.scroll') && (box.right > root.clientWidth + 1 || box.left < 0)) say(e, 'leaves the page');
    if (!e.closest('.scroll') && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline') say(e, 'is cut');
    const a = luminance(channels(getComputedStyle(e).color)), b = luminance(behind(e));
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (contrast < 4) say(e, 'has a contrast of ' + contrast.toFixed(2));
  }
  for (const s of document.querySelectorAll('svg')) {
    const scale = s.getBoundingClientRect().width / s.viewBox.baseVal.width;
    for (const e of s.querySelectorAll('text')) if (parseFloat(getComputedStyle(e).fontSize) * scale < 7) { say(e, 'is too small'); break; }
  }
  for (const i of document.images) if (!i.naturalWidth) say(i, 'is not shown');
  for (const r of performance.getEntriesByType('resource')) if (!r.name.startsWith('data:')) wrong.push('the page asked for ' + r.name);
  return wrong.slice(0, 10);
})()`

// TestInBrowser lays reports out in a wide and in a narrow window, light and
// dark.
func TestInBrowser(t *testing.T) {
	ctx := browser(t)
	for _, classes := range []int{5, 40, 200} {
		folder, _ := write(t, full(t, classes, 3))
		for _, width := range []int64{1280, 390} {
			for _, scheme := range []string{"light", "dark"} {
				show(t, ctx, filepath.Join(folder, report.Page), width, scheme)
				evaluate[bool](t, ctx, `document.querySelector('details').open = true`)
				for _, wrong := range evaluate[[]string](t, ctx, lookOver) {
					t.Errorf("%d classes, %d pixels, %s: %s", classes, width, scheme, wrong)
				}
			}
		}
		if title := evaluate[string](t, ctx, `document.title`); title != "mnist retrain: report" {
			t.Errorf("found the title %q", title)
		}
	}
}
