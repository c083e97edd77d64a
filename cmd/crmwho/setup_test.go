package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/records"
	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

func TestSetup(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	out, errs, err := w.run(t, "  "+w.typed(w.zoho.GrantToken), "setup")
	if err != nil {
		t.Fatal(err)
	}
	wantInOrder(t, out, "took the code.\n", "the CRM's users.\n", "the CRM's roles.\n", "the CRM's profiles.\n", "the CRM's organisation.\n",
		"read the CRM's Accounts.\n", "the CRM's Deals.\n", "the CRM's Contacts.\n", "the CRM's Leads.\n", "use the CRM's search.\n", "the CRM's COQL.\n",
		"are stored in the folder "+w.dir, "There is a new access token, which works until ", "Over a folder nothing keeps it fresh: crmwho token --refresh --dir ", "Next:\n  crmwho serve --zoho ", "crmwho token --dir", "crmwho doctor --dir")
	if strings.Contains(out, "setup slack") {
		t.Errorf("over a folder Slack is played: got %s", out)
	}
	wantInOrder(t, errs, "The client: log in", "ZohoCRM.users.READ,ZohoCRM.settings.roles.READ,", ",ZohoCRM.modules.leads.READ,ZohoSearch.securesearch.READ,ZohoCRM.coql.READ\n",
		"  ZohoCRM.settings.roles.READ: nobody reports to anybody by role\n", "  ZohoCRM.modules.deals.READ: /crmowner finds nothing in Deals\n", "Without both of the last two", "client id: ", "client secret: ", "code: ")
	client := w.value(t, "oauth-client")
	if client["client_id"] != w.zoho.ClientID || client["client_secret"] != w.zoho.ClientSecret || client["refresh_token"] != w.zoho.RefreshToken || client["accounts_server"] != w.zohoURL {
		t.Error("another client was stored")
	}
	if token := w.value(t, "access-token"); token["access_token"] == nil || token["api_domain"] != w.zohoURL {
		t.Error("no access token was stored")
	}
	if n := w.calls(zohosim.TokenCall); n != 2 || w.calls(zohosim.RevokeCall) != 0 {
		t.Errorf("got %d exchanges, want 2, and none revoked", n)
	}
}

// wantInOrder finds texts one after another.
func wantInOrder(t *testing.T, text string, wanted ...string) {
	t.Helper()
	rest := text
	for _, want := range wanted {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Errorf("%q is not there, or too early, in\n%s", want, text)
			continue
		}
		rest = after
	}
}

func TestSetupKeepsItsFolderToOneUser(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.connect(t)
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		info, infoErr := d.Info()
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if infoErr == nil && info.Mode().Perm() != want {
			t.Errorf("%s: got mode %o, want %o", path, info.Mode().Perm(), want)
		}
		return errors.Join(err, infoErr)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestSetupOverADefaultFolder(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	home := t.TempDir()
	for _, name := range []string{"XDG_CONFIG_HOME", "HOME", "AppData"} {
		t.Setenv(name, home)
	}
	base, err := os.UserConfigDir()
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := w.runIn(t, t.Context(), w.typed(w.zoho.GrantToken), "setup")
	if err != nil || !strings.Contains(out, "  crmwho token\n") {
		t.Errorf("got %s, %v", out, err)
	}
	if w.dir = filepath.Join(base, "crmwho"); len(w.files(t)) != 2 {
		t.Errorf("got %d values, want 2", len(w.files(t)))
	}
}

// TestSetupMistakes: whatever goes wrong is said, with what to do, and leaves
// the values as they were.
func TestSetupMistakes(t *testing.T) {
	const onToken, onCRM, revoked = "/oauth/v2/token", "/crm/", "Nothing was stored, and the new grant was revoked: the next run needs a new code"
	for name, test := range map[string]struct {
		fault  zohosim.Fault
		scopes []string
		id     string // instead of the client id
		secret string // instead of the client secret
		code   string // instead of a good one
		want   []string
	}{
		"another code":          {code: "s3cret", want: []string{"does not take the code", "works once", "Make another code"}},
		"another client":        {id: "another", want: []string{"knows no client with this client id", "127.0.0.1", "data centre"}},
		"another client secret": {secret: "s3cret", want: []string{"client secret is not that client's"}},
		"too many exchanges":    {fault: zohosim.Fault{Path: onToken, Kind: zohosim.OAuthThrottled}, want: []string{"too many exchanges", "ten minutes"}},
		"accounts unreachable":  {fault: zohosim.Fault{Path: onToken, Kind: zohosim.Reset}, want: []string{"accounts server", "cannot be reached", "connection"}},
		"accounts out of order": {fault: zohosim.Fault{Path: onToken, Kind: zohosim.HTML}, want: []string{"accounts server", "fails"}},
		"an unknown reply":      {fault: zohosim.Fault{Path: onToken, Kind: zohosim.Empty}, want: []string{"not known here", "malformed reply"}},
		"no scope for users": {scopes: []string{"ZohoCRM.org.READ"},
			want: []string{"lacks the scope ZohoCRM.users.READ", "Make a code", "with the scopes ZohoCRM.users.READ,", revoked}},
		"no API access": {fault: zohosim.Fault{Path: onCRM, Kind: zohosim.NoAPIAccess},
			want: []string{`"Zoho CRM API Access"`, "An administrator of the CRM has to tick it", revoked}},
		"the token is refused": {fault: zohosim.Fault{Path: onCRM, Kind: zohosim.InvalidToken}, want: []string{"does not take the access token that came of the code. Make a code", "organisation whose CRM is meant", revoked}},
		"the CRM is throttled": {fault: zohosim.Fault{Path: onCRM, Kind: zohosim.Throttled, RetryAfter: time.Hour}, want: []string{"too many calls", "Wait", revoked}},
		"the CRM is down":      {fault: zohosim.Fault{Path: onCRM, Kind: zohosim.Reset}, want: []string{"The CRM cannot be reached", revoked}},
		"nonsense of the CRM":  {fault: zohosim.Fault{Path: onCRM, Kind: zohosim.HTML, Status: http.StatusOK}, want: []string{"not known here", revoked}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zohosim.Config{})
			w.connect(t)
			before := w.files(t)
			if test.fault != (zohosim.Fault{}) {
				w.fault(t, test.fault)
			}
			input := strings.NewReplacer(w.zoho.ClientID, orElse(test.id, w.zoho.ClientID), w.zoho.ClientSecret, orElse(test.secret, w.zoho.ClientSecret)).
				Replace(w.typed(orElse(test.code, w.zoho.NewGrantToken(time.Hour, test.scopes...))))
			_, _, err := w.run(t, input, "setup")
			for _, want := range test.want {
				if !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
			if after := w.files(t); !maps.Equal(before, after) {
				t.Error("the values are others than before")
			}
			wantRevoked := 0
			if test.want[len(test.want)-1] == revoked {
				wantRevoked = 1
			}
			if n := w.calls(zohosim.RevokeCall); n != wantRevoked {
				t.Errorf("got %d revocations, want %d", n, wantRevoked)
			}
		})
	}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// TestMistakesOfDataCentres are those that a simulator cannot make.
func TestMistakesOfDataCentres(t *testing.T) {
	b := &backend{flags: " --stack sample"}
	refused := func(condition error) error { return fmt.Errorf("s3cret: %w", condition) }
	for _, test := range []struct {
		err  error
		want []string
	}{
		{refused(zoho.ErrOtherDataCentre), []string{"accounts.zoho.eu gave a token for the CRM of another data centre", "crmwho setup --stack sample"}},
		{&zoho.Error{Code: "access_denied"}, []string{"too many exchanges"}},
		{&zoho.Error{Code: "invalid_code"}, []string{"https://api-console.zoho.eu"}},
		{&zoho.Error{Code: "invalid_client"}, []string{"Zoho at accounts.zoho.eu knows no client"}},
	} {
		err := b.exchangeMistake(t.Context(), test.err, "https://accounts.zoho.eu")
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v, want %q in it", err, want)
			}
		}
	}
	if m := b.crmMistake(ofPeople[0], zoho.ErrNoPermission, ""); !strings.Contains(m.says, "may not read users") {
		t.Errorf("got %v", m)
	}
}

func TestSetupGoesOnWithoutWhatIsOptional(t *testing.T) {
	w := newWorld(t, zohosim.Config{Scopes: []string{"ZohoCRM.users.READ"}})
	out, _, err := w.run(t, w.typed(w.zoho.GrantToken), "setup")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accesses(records.DefaultModules)[1:] {
		want := "It goes on without " + a.name + ", so that " + a.lost + ". The grant lacks the scope " + a.scope
		if a.byModule() {
			want = "Whether it can use the CRM's " + a.name + " is not known, because none of the modules can be read."
		}
		wantInOrder(t, out, want)
	}
	if n := strings.Count(out, "Make a code in the self client"); n != 1 {
		t.Errorf("it is said %d times what to do, want once", n)
	}
}

func TestSetupSaysWhatCouldNotBeRevoked(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.NoAPIAccess})
	w.fault(t, zohosim.Fault{Path: "/oauth/v2/token/revoke", Kind: zohosim.Reset})
	if _, _, err := w.run(t, w.typed(w.zoho.NewGrantToken(time.Hour)), "setup"); !strings.Contains(fmt.Sprint(err), "could not be revoked: it is one of the 20") {
		t.Errorf("got %v", err)
	}
	if w.files(t) != nil {
		t.Error("something was stored")
	}
}

// TestSetupRevokesNoGrantThatIsInUse: a code may give the grant that is stored.
func TestSetupRevokesNoGrantThatIsInUse(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.put(t, "oauth-client", fmt.Sprintf(`{"client_id":"a","client_secret":"b","refresh_token":%q}`, w.zoho.RefreshToken))
	w.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.NoAPIAccess})
	if _, _, err := w.run(t, w.typed(w.zoho.GrantToken), "setup"); err == nil || w.calls(zohosim.RevokeCall) != 0 {
		t.Errorf("got %v and %d revocations, want none", err, w.calls(zohosim.RevokeCall))
	}
}

func TestSetupNeedsARefreshToken(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	t.Setenv("CRMWHO_ZOHO_ACCOUNTS_URL", serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(rw, `{"access_token":"s3cret","api_domain":"http://%s","expires_in":3600}`, r.Host)
	})))
	if _, _, err := w.run(t, w.typed("s3cret"), "setup"); !strings.Contains(fmt.Sprint(err), "not a self client's") || w.files(t) != nil {
		t.Errorf("got %v", err)
	}
}

func TestSetupReplacesAClient(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.connect(t)
	old := w.value(t, "oauth-client")
	out, _, err := w.run(t, w.typed(w.zoho.NewGrantToken(time.Hour)), "setup")
	if err != nil || !strings.Contains(out, "The old refresh token lives on at Zoho until it is revoked.") {
		t.Errorf("got %s, %v", out, err)
	}
	if w.value(t, "oauth-client")["refresh_token"] == old["refresh_token"] {
		t.Error("the old grant is still stored")
	}
	w.put(t, "oauth-client", "spoilt s3cret")
	if _, _, err := w.run(t, w.typed(w.zoho.NewGrantToken(time.Hour)), "setup"); err != nil {
		t.Errorf("over a spoilt value: %v", err)
	}
}

// TestSetupWithoutAFirstToken: the client is stored, and it is said when it goes
// on.
func TestSetupWithoutAFirstToken(t *testing.T) {
	now := time.Now()
	soon := now.Add(7 * time.Minute)
	ago := func(d time.Duration) string { return stamp(now.Add(-d)) }
	for name, test := range map[string]struct{ state, want string }{
		"under way":   {`{"claim":{"at":"` + ago(time.Second) + `","nonce":"a"}}`, "Another run exchanges a token just now"},
		"held off":    {`{"hold_until":"` + stamp(soon) + `"}`, "no exchange before " + clock(soon)},
		"over budget": {`{"attempts":["` + strings.Join([]string{ago(3 * time.Minute), ago(2 * time.Minute), ago(time.Minute), ago(time.Minute), ago(0)}, `","`) + `"]}`, "After " + clock(soon) + " run crmwho token --refresh --dir "},
	} {
		w := newWorld(t, zohosim.Config{})
		w.put(t, "access-token", test.state)
		out, _, err := w.run(t, w.typed(w.zoho.GrantToken), "setup")
		if err != nil || !strings.Contains(out, test.want) || w.value(t, "oauth-client")["client_id"] == nil {
			t.Errorf("%s: got %s, %v, want %q in it", name, out, err, test.want)
		}
	}
}

func TestSetupWhoseFirstTokenFails(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.fault(t, zohosim.Fault{Path: "/oauth/v2/token", Kind: zohosim.InternalError, After: 1})
	_, _, err := w.run(t, w.typed(w.zoho.GrantToken), "setup")
	wantInOrder(t, fmt.Sprint(err), "the client is stored, and there is no new access token: ", "run crmwho token --refresh --dir ", " tells how it is")
	if w.value(t, "oauth-client")["client_id"] == nil {
		t.Error("no client is stored")
	}
}

func TestSetupInput(t *testing.T) {
	for name, test := range map[string]struct {
		input string
		args  []string
		want  string
	}{
		"nothing":               {"", nil, "the input ended before the client id"},
		"no secret":             {"id\n", nil, "the input ended before the client secret"},
		"no code":               {"id\ns3cret\n", nil, "the input ended before the code"},
		"an empty line":         {"id\n \ncode\n", nil, "the client secret is empty"},
		"spaces":                {"id\ns3cret s3cret\ncode\n", nil, "the client secret has spaces or other odd letters inside"},
		"the id as a flag":      {"s3cret\n", []string{"--client-id", " id "}, "the input ended before the code"},
		"two accounts servers":  {"", []string{"--data-centre", "eu"}, "exclude each other"},
		"a secret as an option": {"", []string{"--client-secret", "a"}, "unknown flag"},
		"a surplus word":        {"", []string{"surplus"}, "unknown command"},
		"two places":            {"", []string{"--stack", "a"}, "none of the others can be"},
	} {
		w := newWorld(t, zohosim.Config{})
		_, _, err := w.run(t, test.input, append([]string{"setup"}, test.args...)...)
		if !strings.Contains(fmt.Sprint(err), test.want) || len(w.zoho.Calls()) > 0 || w.files(t) != nil {
			t.Errorf("%s: got %v after %d calls, want %q in it", name, err, len(w.zoho.Calls()), test.want)
		}
	}
}

func TestDataCentreOfASetup(t *testing.T) {
	for name, test := range map[string]struct{ flag, stack, input, want, wantErr string }{
		"typed":          {"", "", " EU \n", "https://accounts.zoho.eu", ""},
		"by default":     {"", "", "\n", "https://accounts.zoho.com", ""},
		"the stack's":    {"", "ca", "\n", "https://accounts.zohocloud.ca", ""},
		"as a flag":      {"jp", "ca", "", "https://accounts.zoho.jp", ""},
		"unknown":        {"", "", "mars\n", "", "Zoho has us, eu, in, au, jp, cn, ca, sa, uk, ae"},
		"unknown a flag": {"mars", "", "", "", "Zoho has us, eu, in, au, jp, cn, ca, sa, uk, ae"},
	} {
		s := &zohoSetup{
			backend:    &backend{parameters: map[string]string{"DataCentre": test.stack}},
			ask:        &prompter{lines: bufio.NewReader(strings.NewReader(test.input)), to: io.Discard},
			dataCentre: test.flag,
		}
		err := s.askDataCentre(t.Context())
		if got := s.client.AccountsServer; got != test.want || (err == nil) != (test.wantErr == "") || err != nil && !strings.Contains(err.Error(), test.wantErr) {
			t.Errorf("%s: got %q, %v, want %q, %s", name, got, err, test.want, test.wantErr)
		}
	}
}

func TestCommandsAreQuotedForAShell(t *testing.T) {
	for dir, want := range map[string]string{"/a/b-1": "/a/b-1", "a b": "'a b'", "it's": `'it'\''s'`, "$HOME": "'$HOME'"} {
		b := &backend{}
		if err := b.openFolder(dir); err != nil || b.command("setup") != "crmwho setup --dir "+want {
			t.Errorf("%s: got %s, %v, want %s", dir, b.command("setup"), err, want)
		}
	}
}

func TestSetupOnlyAtZoho(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	t.Setenv("CRMWHO_ALLOW_LOOPBACK", "")
	if _, _, err := w.run(t, "", "setup"); !strings.Contains(fmt.Sprint(err), "CRMWHO_ZOHO_ACCOUNTS_URL: accounts server: not https") || !strings.Contains(fmt.Sprint(err), "CRMWHO_SLACK_API_URL: ") {
		t.Errorf("got %v", err)
	}
}

func TestSetupInterruptedWhileItAsks(t *testing.T) {
	newWorld(t, zohosim.Config{})
	ctx, interrupt := context.WithCancel(t.Context())
	in, _ := io.Pipe()
	c := command()
	c.SetArgs([]string{"setup", "--dir", t.TempDir()})
	c.SetIn(in)
	c.SetOut(io.Discard)
	c.SetErr(io.Discard)
	interrupt()
	if err := c.ExecuteContext(ctx); !errors.Is(err, errInterrupted) {
		t.Errorf("got %v", err)
	}
	ctx, interrupt = context.WithCancel(t.Context())
	c.SetErr(writerFunc(func(p []byte) { // asked
		if strings.HasPrefix(string(p), "client id") {
			interrupt()
		}
	}))
	if err := c.ExecuteContext(ctx); !errors.Is(err, errInterrupted) {
		t.Errorf("while it waits: got %v", err)
	}
}

type writerFunc func([]byte)

func (w writerFunc) Write(p []byte) (int, error) { w(p); return len(p), nil }

// TestSetupInterruptedHalfway leaves nothing behind.
func TestSetupInterruptedHalfway(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.connect(t)
	before := w.files(t)
	ctx, interrupt := context.WithCancel(t.Context())
	w.before = func(r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/crm/") {
			interrupt()
		}
	}
	_, _, err := w.runIn(t, ctx, w.typed(w.zoho.NewGrantToken(time.Hour)), "setup", "--dir", w.dir)
	if !errors.Is(err, errInterrupted) || !strings.Contains(err.Error(), "the new grant was revoked") || !maps.Equal(before, w.files(t)) {
		t.Errorf("got %v", err)
	}
}

func TestSetupOfAStack(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	stack, secrets := w.aws(t)
	out, _, err := w.runIn(t, t.Context(), w.typed(w.zoho.GrantToken), "setup", "--stack", "sample")
	if err != nil {
		t.Fatal(err)
	}
	wantInOrder(t, out, "are stored in the stack sample", "From now on token-refresh keeps it fresh", "Next:\n  crmwho setup slack --stack sample", "crmwho token --stack sample",
		"The people are read within ten minutes, by themselves.", "with the AWS CLI 2:", "--function-name sample-users-query")
	if !strings.Contains(secrets.Value(stack.Outputs["OAuthClientSecret"]), w.zoho.RefreshToken) || !strings.Contains(secrets.Value(stack.Outputs["AccessTokenSecret"]), `"access_token":"1000.`) {
		t.Error("the secrets are not filled")
	}
	secrets.Put(stack.Outputs["SlackSecret"], `{"signing_secrets":["a"]}`)
	out, _, err = w.runIn(t, t.Context(), w.typed(w.zoho.NewGrantToken(time.Hour)), "setup", "--stack", "sample")
	if err != nil || strings.Contains(out, "setup slack") || !strings.Contains(out, "It took the place") {
		t.Errorf("a second time: got %s, %v", out, err)
	}
	wantInOrder(t, out, "Next:\n", `"Event Subscriptions", have Slack verify the request URL`, stack.Outputs["EventsUrl"]+"\n", "  make smoke STACK=sample\n", "  crmwho doctor --stack sample\n")
}

// TestSetupAsksForNoMoreThanTheStackNeeds, by who may ask who owns what, and of
// which modules.
func TestSetupAsksForNoMoreThanTheStackNeeds(t *testing.T) {
	const people = "ZohoCRM.users.READ,ZohoCRM.settings.roles.READ,ZohoCRM.settings.profiles.READ,ZohoCRM.org.READ"
	for _, test := range []struct{ owners, modules, want string }{
		{"nobody", "Deals", " " + people + "\n"},
		{"everyone", "Deals", people + ",ZohoCRM.modules.deals.READ,ZohoSearch.securesearch.READ,ZohoCRM.coql.READ\n"},
		{"C0SAMPLE", "Projects,Deals,Tours", people + ",ZohoCRM.modules.custom.READ,ZohoCRM.modules.deals.READ,ZohoSearch.securesearch.READ,ZohoCRM.coql.READ\n"},
	} {
		w := newWorld(t, zohosim.Config{})
		stack, _ := w.aws(t)
		stack.Parameters["OwnerAudience"], stack.Parameters["RecordModules"] = test.owners, test.modules
		out, errs, err := w.runIn(t, t.Context(), w.typed(w.zoho.GrantToken), "setup", "--stack", "sample")
		if nobody := test.owners == "nobody"; err != nil || nobody == strings.Contains(out, "search") || nobody != strings.Contains(errs, "left out, since OwnerAudience is nobody") {
			t.Errorf("%s: got %s%s, %v", test.owners, errs, out, err)
		}
		wantInOrder(t, errs, test.want)
	}
}

// TestSetupOfAStackWhoseModulesAreWrong ends before a code is asked for.
func TestSetupOfAStackWhoseModulesAreWrong(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	stack, _ := w.aws(t)
	stack.Parameters["RecordModules"] = "Deals,Deals"
	_, errs, err := w.runIn(t, t.Context(), w.typed(w.zoho.GrantToken), "setup", "--stack", "sample")
	if !strings.Contains(fmt.Sprint(err), "RecordModules is wrong") || errs != "" || len(w.zoho.Calls()) > 0 {
		t.Errorf("got %s, %v, %d calls", errs, err, len(w.zoho.Calls()))
	}
}

// TestSetupWhoseWriteFails: the grant is revoked if it is known that nobody uses
// it.
func TestSetupWhoseWriteFails(t *testing.T) {
	const putSecretValue, getSecretValue = "secretsmanager.PutSecretValue", "secretsmanager.GetSecretValue"
	for name, test := range map[string]struct {
		written, unreadable bool // although the answer is another
		want                string
		revoked             int
	}{
		"not written":      {false, false, "AccessDeniedException (request id )\nNothing was stored, and the new grant was revoked", 1},
		"written":          {true, false, "", 0},
		"nobody can tell":  {true, true, "Whether the client was stored is not known: crmwho doctor --stack sample tells", 0},
		"nobody can tell.": {false, true, "Whether the client was stored is not known: crmwho doctor --stack sample tells", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zohosim.Config{})
			stack, secrets := w.aws(t)
			secrets.Put(stack.Outputs["OAuthClientSecret"], `{"client_id":"a","client_secret":"b","refresh_token":"s3cret"}`)
			puts := 0
			t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				put, get := r.Header.Get("X-Amz-Target") == putSecretValue, r.Header.Get("X-Amz-Target") == getSecretValue
				if put {
					puts++
				}
				refuse := put && puts == 1 || get && puts > 0 && test.unreadable
				if !refuse {
					secrets.ServeHTTP(rw, r)
					return
				}
				if put && test.written {
					secrets.ServeHTTP(httptest.NewRecorder(), r)
				}
				deny(rw)
			})))
			_, _, err := w.runIn(t, t.Context(), w.typed(w.zoho.NewGrantToken(time.Hour)), "setup", "--stack", "sample")
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || w.calls(zohosim.RevokeCall) != test.revoked {
				t.Errorf("got %v and %d revocations, want %q and %d", err, w.calls(zohosim.RevokeCall), test.want, test.revoked)
			}
		})
	}
}

// deny is what AWS answers to credentials that may not do something.
func deny(w http.ResponseWriter) {
	w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"s3cret"}`)
}

// impatient is a store that wants each question to end some time.
type impatient struct {
	store.Memory
	t *testing.T
}

func (i *impatient) Read(ctx context.Context, name string) (store.Value, error) {
	i.t.Helper()
	i.asked(ctx)
	return i.Memory.Read(ctx, name)
}

func (i *impatient) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	i.t.Helper()
	i.asked(ctx)
	return i.Memory.WriteIfUnchanged(ctx, name, data, version)
}

func (i *impatient) asked(ctx context.Context) {
	i.t.Helper()
	until, bounded := ctx.Deadline()
	if left := time.Until(until); !bounded || left > 2*callTime {
		i.t.Errorf("got %v left, bounded: %v, want %v at most", left, bounded, 2*callTime)
	}
}

// TestSetupWaitsForNoStoreThatHangs before it asks, nor after it.
func TestSetupWaitsForNoStoreThatHangs(t *testing.T) {
	b := &backend{store: &impatient{t: t}, client: "client", token: "token", slack: "slack"}
	crm, slack := &zohoSetup{backend: b}, &slackSetup{backend: b, ask: &prompter{to: io.Discard}, out: io.Discard}
	for name, step := range map[string]func(context.Context) error{"Zoho's": crm.readOld, "Slack's": slack.readOld, "writing": slack.write} {
		if err := step(t.Context()); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
	b.lacksSigning(t.Context())
}

// TestAWSIsInterrupted while it is looked up: nothing else is blamed.
func TestAWSIsInterrupted(t *testing.T) {
	withoutAWS(t)
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	if _, err := awsConfig(ctx); !errors.Is(err, errInterrupted) {
		t.Errorf("got %v, want %v", err, errInterrupted)
	}
}

func TestStacksThatCannotBeUsed(t *testing.T) {
	set := func(name, value string) func(*testing.T, *awssim.CloudFormation) {
		return func(t *testing.T, _ *awssim.CloudFormation) { t.Setenv(name, value) }
	}
	refuse := func(code string) func(*testing.T, *awssim.CloudFormation) {
		return func(_ *testing.T, s *awssim.CloudFormation) { s.Refuse = code }
	}
	for name, test := range map[string]struct {
		stack string
		spoil func(*testing.T, *awssim.CloudFormation)
		want  string
	}{
		"none of that name": {"other", nil, "There is no stack other in " + awssim.Region},
		"no ARN any more":   {"arn:aws:cloudformation:eu-central-1:123456789012:stack/other/0000-00", nil, "deploy it, with make deploy STACK=other."},
		"no name":           {"a b", nil, "--stack takes the name"},
		"no outputs": {"sample", func(_ *testing.T, s *awssim.CloudFormation) {
			delete(s.Stacks["sample"].Outputs, "AccessTokenSecret")
			delete(s.Stacks["sample"].Outputs, "SlackSecret")
		}, "lacks the outputs SlackSecret, AccessTokenSecret. Deploy"},
		"no credentials":      {"sample", set("AWS_ACCESS_KEY_ID", ""), "There are no AWS credentials that work"},
		"no region":           {"sample", set("AWS_REGION", ""), "No AWS region is chosen"},
		"no such profile":     {"sample", set("AWS_PROFILE", "other"), "The AWS profile that AWS_PROFILE names does not exist"},
		"expired credentials": {"sample", refuse("ExpiredToken"), "Log in again"},
		"no permission":       {"sample", refuse("AccessDenied"), "cloudformation:DescribeStacks"},
		"anything else":       {"sample", refuse("OptInRequired"), "The stack sample cannot be looked up: AWS answered 400 OptInRequired"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zohosim.Config{})
			w.aws(t)
			if test.spoil != nil {
				test.spoil(t, w.cloud)
			}
			_, _, err := w.runIn(t, t.Context(), "", "setup", "--stack", test.stack)
			if !strings.Contains(fmt.Sprint(err), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

// TestTheTemplateHasWhatTheCommandsLookFor reads it as the stack would be.
func TestTheTemplateHasWhatTheCommandsLookFor(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, output := range slices.Concat(neededOutputs, otherOutputs) {
		if !strings.Contains(string(text), "\n  "+output+":\n    Description: ") {
			t.Errorf("no output %s", output)
		}
	}
	for _, parameter := range []string{paramDataCentre, paramSlackAPI, paramSlackTeams, paramVersion, paramAuditChannel, paramNoticeChannel} {
		if !strings.Contains(string(text), "\n  "+parameter+":\n    Type: String\n") {
			t.Errorf("no parameter %s", parameter)
		}
	}
	if !strings.Contains(string(text), "\n  "+paramAuditMaxAge+":\n    Type: Number\n") {
		t.Errorf("no parameter %s", paramAuditMaxAge)
	}
	for _, name := range []string{scheduleSync, scheduleAudit, scheduleToken} {
		if !strings.Contains(string(text), `Name: !Sub "${AWS::StackName}-`+name+`"`) {
			t.Errorf("no schedule %s", name)
		}
	}
}

func TestWritesThatAreRefused(t *testing.T) {
	for condition, want := range map[error]string{store.ErrChanged: "Somebody else has changed", store.ErrNotExist: "does not exist any more", errInterrupted: "interrupted"} {
		if err := (&backend{}).writeMistake(fmt.Errorf("write: %w", condition)); !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
