package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/zohosim"
)

func TestToken(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.connect(t)
	before, calls := w.files(t), len(w.zoho.Calls())
	out, errs, err := w.run(t, "", "token")
	want := regexp.MustCompile(`^The access token has (59|60) minutes left, until \d\d:\d\d UTC on .*\.
It was got at \d\d:\d\d UTC on .*\.
Exchanges in the last ten minutes: 1 of 5\.
$`)
	if err != nil || errs != "" || !want.MatchString(out) {
		t.Errorf("got %s, %s, %v", out, errs, err)
	}
	if !maps.Equal(before, w.files(t)) || len(w.zoho.Calls()) != calls {
		t.Error("it wrote something or asked Zoho")
	}
}

// TestTokenTellsWhatIsWrong: the exit status goes by life, refusal and latch.
func TestTokenTellsWhatIsWrong(t *testing.T) {
	now := time.Now()
	soon := func(d time.Duration) string { return stamp(now.Add(d)) }
	ago := func(d time.Duration) string { return stamp(now.Add(-d)) }
	at := clock(now.Add(-time.Hour))
	for name, test := range map[string]struct {
		fields  map[string]any
		healthy bool
		want    []string
	}{
		"ten minutes": {map[string]any{"expiry": soon(10*time.Minute + 30*time.Second)}, true, []string{"has 10 minutes left"}},
		"less":        {map[string]any{"expiry": soon(9 * time.Minute)}, false, []string{"has 8 minutes left"}},
		"seconds":     {map[string]any{"expiry": soon(time.Minute)}, false, []string{" seconds left"}},
		"ended":       {map[string]any{"expiry": ago(time.Hour)}, false, []string{"The access token ended at " + at}},
		"no token":    {map[string]any{"access_token": nil}, false, []string{"There is no access token yet: run crmwho token --refresh --dir "}},
		"no expiry":   {map[string]any{"expiry": nil}, false, []string{"When the access token ends is not known."}},
		"refused":     {map[string]any{"refused": true}, false, []string{"Zoho has refused the token"}},
		"latched": {map[string]any{"latched": "a", "failure": map[string]any{"class": "dead", "code": "invalid_code", "since": ago(time.Hour)}}, false,
			[]string{"The grant is dead (invalid_code) since " + at, "until somebody runs crmwho setup --dir"}},
		"latched without a code": {map[string]any{"latched": "a", "failure": map[string]any{"class": "dead", "since": ago(time.Hour)}}, false, []string{"The grant is dead since " + at}},
		"held off": {map[string]any{"hold_until": soon(time.Hour), "failure": map[string]any{"class": "throttled", "since": ago(time.Hour)}}, true,
			[]string{"Zoho is left alone until " + clock(now.Add(time.Hour)), "The last exchange failed (throttled); none has succeeded since " + at}},
		"held off once": {map[string]any{"hold_until": ago(time.Hour)}, true, []string{"of 5."}},
		"exchanges":     {map[string]any{"attempts": []string{ago(time.Minute), ago(2 * time.Minute), ago(11 * time.Minute)}}, true, []string{"ten minutes: 2 of 5"}},
	} {
		w := newWorld(t, zohosim.Config{})
		w.connect(t)
		w.change(t, "access-token", test.fields)
		out, _, err := w.run(t, "", "token")
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: got %s, want %q in it", name, out, want)
			}
		}
		if healthy := err == nil; healthy != test.healthy || !healthy && !errors.Is(err, errUnhealthy) {
			t.Errorf("%s: got %v, want healthy %v", name, err, test.healthy)
		}
		asJSON, _, err := w.run(t, "", "token", "--json")
		var report tokenReport
		if json.Unmarshal([]byte(asJSON), &report) != nil || report.Healthy != test.healthy || (err == nil) != test.healthy {
			t.Errorf("%s: got %s, %v", name, asJSON, err)
		}
	}
}

// TestTokenRefreshes whatever life the token has left, and a dead grant once more.
func TestTokenRefreshes(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	if _, _, err := w.run(t, "", "token", "--refresh"); !strings.Contains(fmt.Sprint(err), "not connected yet") {
		t.Errorf("before it is set up: got %v", err)
	}
	w.connect(t)
	before, calls := w.value(t, "access-token"), w.calls(zohosim.TokenCall)
	w.change(t, "access-token", map[string]any{"latched": "a"})
	out, errs, err := w.run(t, "", "token", "--refresh")
	if err != nil || !strings.HasPrefix(out, "The access token has ") || !strings.Contains(errs, "There is a new access token, which works until ") || w.calls(zohosim.TokenCall) != calls+1 {
		t.Errorf("got %s, %s, %v", out, errs, err)
	}
	if after := w.value(t, "access-token"); after["access_token"] == before["access_token"] || after["latched"] != nil {
		t.Error("no other token is stored")
	}
	w.change(t, "oauth-client", map[string]any{"accounts_server": nil}) // as one was filled by hand
	if _, _, err := w.run(t, "", "token", "--refresh"); err != nil {
		t.Errorf("a client that names no accounts server: %v", err)
	}
	w.fault(t, zohosim.Fault{Path: "/oauth/", Kind: zohosim.InvalidCode})
	if _, _, err := w.run(t, "", "token", "--refresh"); err == nil {
		t.Error("a dead grant: got no error")
	}
}

// TestTokenOfADeadGrant does not go on by itself, unless another client was stored
// since.
func TestTokenOfADeadGrant(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.connect(t)
	w.fault(t, zohosim.Fault{Path: "/oauth/", Kind: zohosim.InvalidCode})
	_, _, err := w.run(t, "", "token", "--refresh")
	if want := "As to another try: run crmwho setup --dir " + w.dir + ", since the grant is dead"; !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	hold := time.Now().Add(time.Hour)
	for _, test := range []struct {
		client string
		fields map[string]any
		goes   string
	}{
		{"the same", map[string]any{"hold_until": stamp(hold)}, "run crmwho setup --dir " + w.dir + ", since the grant is dead"},
		{"another", map[string]any{"latched": "a"}, "run crmwho token --refresh --dir " + w.dir + ", since over a folder"},
	} {
		w.change(t, "access-token", test.fields)
		_, errs, _ := w.run(t, "", "token", "--refresh") // it is unhealthy
		if want := "Zoho wants no exchange before " + clock(hold) + ". After that " + test.goes; !strings.Contains(errs, want) {
			t.Errorf("%s client: got %s, want %s", test.client, errs, want)
		}
	}
}

func TestLife(t *testing.T) {
	for seconds, want := range map[int]string{0: "0 seconds", 1: "1 second", 119: "119 seconds", 120: "2 minutes"} {
		if got := life(seconds); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTokenWhereNothingIsSetUp(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	if out, _, err := w.run(t, "", "token", "--json"); err == nil || !strings.Contains(out, `"healthy": false,`) || !strings.Contains(out, `"stored": false,`) {
		t.Errorf("as JSON: got %q, %v", out, err)
	}
	if out, _, err := w.run(t, "", "token"); out != "" || fmt.Sprint(err) != "Zoho CRM is not connected yet in the folder "+w.dir+". Run crmwho setup --dir "+w.dir+"." {
		t.Errorf("got %s, %v", out, err)
	}
	if w.files(t) != nil {
		t.Error("something was stored")
	}
	w.put(t, "oauth-client", `{"client_id":"a","client_secret":"b","refresh_token":"s3cret"}`)
	if out, _, err := w.run(t, "", "token"); !strings.Contains(out, "There is no access token yet") || !errors.Is(err, errUnhealthy) {
		t.Errorf("with a client: got %s, %v", out, err)
	}
}

func TestTokenOfAStack(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.aws(t)
	if _, _, err := w.runIn(t, t.Context(), "", "token", "--stack", "sample"); !strings.Contains(fmt.Sprint(err), "not connected yet in the stack sample. Run crmwho setup --stack sample.") {
		t.Errorf("got %v", err)
	}
	if _, _, err := w.runIn(t, t.Context(), w.typed(w.zoho.GrantToken), "setup", "--stack", "sample"); err != nil {
		t.Fatal(err)
	}
	if out, _, err := w.runIn(t, t.Context(), "", "token", "--stack", "sample"); err != nil || !strings.Contains(out, " minutes left") {
		t.Errorf("got %s, %v", out, err)
	}
}
