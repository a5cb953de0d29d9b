package page

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"
	"time"
)

// another returns a client with a session of its own.
func (r *running) another(t *testing.T) *running {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	other := *r
	other.client = &http.Client{Jar: jar}
	return &other
}

// TestSessions gives browsers their own samples and networks, as many as may be,
// and ends the longest idle one for another.
func TestSessions(t *testing.T) {
	first := serve(t)
	second := first.another(t)
	first.teach(t, 2)
	first.retrained(t, "1")
	var s stateAnswer
	if first.get(t, "GET", "/state", "", &s); !s.Taught || len(s.Samples) != 3 || s.Session == "" {
		t.Errorf("found %+v after a training", s)
	}
	name := s.Session
	if second.get(t, "GET", "/state", "", &s); s.Taught || len(s.Samples) > 0 || s.Session != "" {
		t.Errorf("another browser has %+v", s)
	}
	var p prediction
	if second.get(t, "POST", "/predict", shape(t, 1, 0), &p); p.Label != "0" {
		t.Errorf("another browser gets the answer %s", p.Label)
	}
	var others []*running
	for len(first.sessions.byID) < first.sessions.most {
		others = append(others, first.another(t))
		others[len(others)-1].get(t, "POST", "/samples?class=a", shape(t, 3, 0), new(samplesAnswer))
	}
	second.refused(t, 503, "busy", "POST", "/samples?class=a", shape(t, 3, 0))
	first.sessions.mu.Lock()
	for _, s := range first.sessions.byID {
		s.used = s.used.Add(-leastIdle)
		if s.name == name {
			s.used = s.used.Add(-time.Second)
		}
	}
	first.sessions.mu.Unlock()
	second.get(t, "POST", "/samples?class=a", shape(t, 3, 0), new(samplesAnswer))
	if first.get(t, "GET", "/state", "", &s); s.Taught || len(s.Samples) > 0 || s.Session == name {
		t.Errorf("found %+v in the session that was idle longest", s)
	}
	if others[0].get(t, "GET", "/state", "", &s); len(s.Samples) != 1 || len(first.sessions.byID) != first.sessions.most {
		t.Errorf("found %d classes in a session that was idle for less, and %d sessions", len(s.Samples), len(first.sessions.byID))
	}
}

// TestCookie is for scripts of other pages, and other sites, out of reach.
func TestCookie(t *testing.T) {
	r := serve(t)
	response, _ := r.another(t).ask(t, "GET", "/state", "")
	cookies := response.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || !strings.HasSuffix(r.url, strings.TrimPrefix(cookies[0].Name, "lastlayer")) {
		t.Fatalf("found the cookies %v", cookies)
	}
	for _, bad := range []string{"", "a", strings.Repeat("a", 5000), "../../etc/passwd"} {
		response, _ := r.another(t).ask(t, "GET", "/state", "", "Cookie", cookies[0].Name+"="+bad)
		if again := response.Cookies(); len(again) != 1 || again[0].Value == cookies[0].Value {
			t.Errorf("%.20q: found the cookies %v, expected a new one", bad, again)
		}
	}
	if len(r.sessions.byID) > 0 {
		t.Errorf("found %d sessions kept that have nothing", len(r.sessions.byID))
	}
}

// names returns the files of the download of all samples.
func (r *running) names(t *testing.T) []string {
	t.Helper()
	_, content := r.ask(t, "GET", "/samples.zip", "")
	z, err := zip.NewReader(bytes.NewReader([]byte(content)), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	return names
}

// TestFolders downloads classes whose names are no folders' on some system.
func TestFolders(t *testing.T) {
	r := serve(t)
	r.refused(t, 404, "found none", "GET", "/samples.zip", "")
	for _, name := range []string{"../../etc", "a/b", "A:B", "..", "aux.", "ü"} {
		r.get(t, "POST", "/samples?class="+fmt.Sprintf("%x", name), shape(t, 3, 0), new(samplesAnswer))
		c := classes{{Name: name}}
		if folder := c.folders()[0]; strings.ContainsAny(folder, `/\:`) || folder[0] == '.' || strings.HasSuffix(folder, ".") {
			t.Errorf("%q: found the folder %q", name, folder)
		}
	}
	if folders := (classes{{Name: "a/b"}, {Name: "A:B"}, {Name: "a_b"}}).folders(); !slices.Equal(folders, []string{"a_b", "A_B_", "a_b__"}) {
		t.Errorf("found the folders %q, expected different ones", folders)
	}
	if names := r.names(t); len(names) != 6 || names[5] != "c3bc/0001.png" {
		t.Errorf("found the files %q", names)
	}
}
