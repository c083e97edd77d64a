package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crmwho/internal/audit"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/store/awsstore"
)

// audits keeps so many audits, of a day each, which somebody questions. Their
// administrator is none of the sample's.
func audits(t *testing.T, s store.Store, n int) (head string) {
	t.Helper()
	l, ctx := audit.Ledger{Store: s}, t.Context()
	at := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	for i := range n {
		snapshot := audit.Snapshot{ReadAt: at.AddDate(0, 0, i), Admins: []audit.Account{{ID: "18", Name: "=Lee", Email: "lee@example.com", Status: "active", Rules: []audit.Rule{audit.ByZoho}}}}
		named, err := l.Keep(ctx, snapshot)
		if err != nil {
			t.Fatal(err)
		}
		run := snapshot.ReadAt.Format("20060102T150405Z")
		post, _, err := l.Append(ctx, 2*i, audit.Record{At: snapshot.ReadAt, Run: run, Posted: &audit.Posted{
			Snapshot: named, Shown: audit.ShownOf(snapshot), Place: audit.Place{Channel: "C0SAMPLE", TS: "1.000001"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		signed, _, err := l.Append(ctx, 2*i+1, audit.Record{At: snapshot.ReadAt, Run: run, Signed: &audit.Signed{
			Outcome: audit.Questioned, Question: "=1+1", User: "U0SAMPLE", Team: "T0SAMPLE", Post: post.Number, Snapshot: named,
		}})
		if err != nil {
			t.Fatal(err)
		}
		head = signed.Hash
	}
	return head
}

// TestAuditOfTheSample posts and keeps nothing, and writes the file that is asked for.
func TestAuditOfTheSample(t *testing.T) {
	file := filepath.Join(t.TempDir(), "admins.csv")
	out, errs, err := run(t, t.Context(), "", "audit", "--dry-run", "--csv", file)
	want := regexp.MustCompile(`(?s)^Admin audit: 1 admin\n1 active.*The first audit: .*\n\nIn its thread:\n1 admin\nAdmin \| Profile, role \| Status, flags\nPatricia Boyle \| .*\n\nAttached: crm-admins-.*\.csv, (\d+) bytes\n$`)
	match := want.FindStringSubmatch(out)
	if err != nil || errs != "" || match == nil {
		t.Fatalf("got %s, %s, %v", out, errs, err)
	}
	data, err := os.ReadFile(file)
	if err != nil || match[1] != fmt.Sprint(len(data)) || !strings.Contains(string(data), "Patricia Boyle") {
		t.Errorf("got %s, %v, want %s bytes", data, err, match[1])
	}
	if is, err := os.Stat(file); err != nil || is.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", is.Mode(), err)
	}
	if _, _, err := run(t, t.Context(), "", "audit", "--dry-run", "--csv", file); err == nil || !strings.Contains(err.Error(), "exists: give the name of a new file") {
		t.Errorf("once more: got %v", err)
	}
}

// TestAuditOverAFolder compares with what is kept there and writes nothing.
func TestAuditOverAFolder(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.connect(t)
	audits(t, store.Folder{Dir: w.dir}, 2)
	before, exchanges := w.files(t), w.calls(zohosim.TokenCall)
	out, errs, err := w.run(t, "", "audit", "--dry-run")
	if err != nil || !strings.HasPrefix(errs, "Reading everybody") {
		t.Fatalf("got %s, %s, %v", out, errs, err)
	}
	for _, want := range []string{"+1 −1 ~0 since the last audit, 3 Nov 2026", "Nothing was acknowledged before.", "\nIn its thread:\nWhat changed\n", "Added: Patricia Boyle", "=Lee", "\n\n1 admin\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if !maps.Equal(before, w.files(t)) || w.calls(zohosim.TokenCall) != exchanges || len(w.slack.Posts()) != 0 {
		t.Error("it wrote something, posted it, or exchanged a token")
	}
}

// TestAuditOverAStack goes by its parameters and by what its bucket holds.
func TestAuditOverAStack(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	stack, secrets := w.aws(t)
	maps.Copy(stack.Parameters, map[string]string{
		"AdminProfiles": "Standard", "AdminRoles": "", "AdminMarkedRoles": "no", "AdminDomains": "example.com, zohotest.com", "SharedMailboxes": "kim", "AdminFlagsOff": "twice,custom-profile",
	})
	if _, _, err := w.runIn(t, t.Context(), w.typed(w.zoho.GrantToken), "setup", "--stack", "sample"); err != nil {
		t.Fatal(err)
	}
	audits(t, w.ledgerStore(t), 1)
	before, objects := secrets.Value(stack.Outputs["AccessTokenSecret"]), w.objects(t)
	out, _, err := w.runIn(t, t.Context(), "", "audit", "--dry-run", "--stack", "sample")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"outside the allowed domains", "shared mailbox", "since the last audit, 2 Nov 2026", "Kim"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if strings.Contains(out, "two accounts?") {
		t.Errorf("a flag that is off is in\n%s", out)
	}
	if secrets.Value(stack.Outputs["AccessTokenSecret"]) != before || !maps.Equal(objects, w.objects(t)) {
		t.Error("it wrote something")
	}
}

// ledgerStore is the stack's bucket by the SDK.
func (w *world) ledgerStore(t *testing.T) store.Store {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return awsstore.Bucket{Client: s3.NewFromConfig(cfg), Name: bucket}
}

// objects are those of the bucket with their versions.
func (w *world) objects(t *testing.T) map[string]string {
	t.Helper()
	all, s := map[string]string{}, w.ledgerStore(t)
	names, err := s.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		value, err := s.Read(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = value.Version
	}
	return all
}

// TestAuditsThatCannotBeMade say why, and what to do.
func TestAuditsThatCannotBeMade(t *testing.T) {
	ended := map[string]any{"expiry": stamp(time.Now().Add(-time.Hour))}
	for name, test := range map[string]struct {
		spoil func(*testing.T, *world)
		want  string
	}{
		"not set up":    {func(t *testing.T, w *world) { w.put(t, "oauth-client", ""); w.put(t, "access-token", "") }, "Zoho CRM is not connected yet"},
		"token ended":   {func(t *testing.T, w *world) { w.change(t, "access-token", ended) }, "There is no access token, or it has ended. Run crmwho token --refresh"},
		"token refused": {func(_ *testing.T, w *world) { w.zoho.ExpireTokens() }, "The CRM does not take the access token. Run crmwho token --refresh"},
		"no scope": {func(t *testing.T, w *world) {
			w.fault(t, zohosim.Fault{Path: "/crm/v7/users", Kind: zohosim.ScopeMismatch})
		}, "The grant lacks the scope ZohoCRM.users.READ. Make a code"},
		"CRM out of reach": {func(t *testing.T, w *world) { w.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.Reset}) }, "The CRM cannot be reached or fails. Look at"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zohosim.Config{})
			w.connect(t)
			test.spoil(t, w)
			before := w.files(t)
			out, _, err := w.run(t, "", "audit", "--dry-run")
			if out != "" || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %s, %v, want %s", out, err, test.want)
			}
			if !maps.Equal(before, w.files(t)) {
				t.Error("it wrote something")
			}
		})
	}
}

func TestAuditInterrupted(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.connect(t)
	ctx, interrupt := context.WithCancel(t.Context())
	w.before = func(*http.Request) { interrupt() }
	if _, _, err := w.runIn(t, ctx, "", "audit", "--dry-run", "--dir", w.dir); !errors.Is(err, errInterrupted) {
		t.Errorf("got %v", err)
	}
}

func TestAuditWants(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"audit"}, "give --dry-run"},
		{[]string{"audit", "surplus"}, "unknown command"},
		{[]string{"audit", "--dry-run", "--stack", "a", "--dir", "b"}, "none of the others can be"},
		{[]string{"audit", "export", "--stack", "a", "--dir", "b"}, "none of the others can be"},
		{[]string{"audit", "export", "--format", "xml"}, "--format takes json or csv"},
		{[]string{"audit", "export", "--head", "7aba1547"}, "--head takes all 64 characters"},
		{[]string{"audit", "export", "--out", os.DevNull}, "exists: give the name of a new file"},
	} {
		if _, _, err := run(t, t.Context(), "", test.args...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %s", test.args, err, test.want)
		}
	}
}

// TestExport as both formats, to a file and to standard output, from a folder and
// from a stack.
func TestExport(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.aws(t)
	for at, s := range map[string]store.Store{"--dir " + w.dir: store.Folder{Dir: w.dir}, "--stack sample": w.ledgerStore(t)} {
		head := audits(t, s, 3)
		to := strings.Split(at, " ")
		out, errs, err := w.runIn(t, t.Context(), "", append(to, "audit", "export", "--head", strings.ToUpper(head))...)
		var x audit.Export
		if err != nil || json.Unmarshal([]byte(out), &x) != nil || !x.Verified || x.Head != head || len(x.Records) != 6 || len(x.Snapshots) != 3 {
			t.Errorf("%s: got %s, %s, %v", at, out, errs, err)
		}
		if !strings.HasPrefix(errs, "Records: 6, and their chain is whole. The last one has the hash "+head+": compare it with") {
			t.Errorf("%s: got %s", at, errs)
		}
		file := filepath.Join(t.TempDir(), "audits.csv")
		if out, _, err := w.runIn(t, t.Context(), "", append(to, "audit", "export", "--format", "csv", "--out", file)...); err != nil || out != "" {
			t.Errorf("%s: got %s, %v", at, out, err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
		if err != nil || len(rows) != 7 || rows[6][3] != "questioned" || strings.Contains(string(data), ",=1+1") {
			t.Errorf("%s: got %q, %v", at, rows, err)
		}
	}
}

// TestExportOfWhatWasChanged writes it all the same, and names it.
func TestExportOfWhatWasChanged(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*testing.T, *world)
		heads []string
		want  string
	}{
		"changed": {func(t *testing.T, w *world) { w.respell(t, "audit/records/00000002", "U0SAMPLE", "U0OTHERS") }, nil, "Record 2 was changed.\n"},
		"missing": {func(t *testing.T, w *world) { w.remove(t, "audit/records/00000003") }, nil, "Record 3 is missing.\n"},
		"snapshot": {func(t *testing.T, w *world) {
			names, err := store.Folder{Dir: w.dir}.List(t.Context(), "audit/snapshots/")
			if err != nil || len(names) != 2 {
				t.Fatal(names, err)
			}
			w.respell(t, names[0], "lee@", "kim@")
		}, nil, "was changed.\n"},
		"cut off": {func(*testing.T, *world) {}, []string{strings.Repeat("0a", 32)}, "No record has the hash 0a0a"},
	} {
		w := newWorld(t, zohosim.Config{})
		audits(t, store.Folder{Dir: w.dir}, 2)
		test.spoil(t, w)
		args := []string{"audit", "export"}
		for _, head := range test.heads {
			args = append(args, "--head", head)
		}
		out, errs, err := w.run(t, "", args...)
		var x audit.Export
		if json.Unmarshal([]byte(out), &x) != nil || x.Verified || len(x.Records) < 3 || len(x.Problems) != 1 {
			t.Errorf("%s: got %s", name, out)
		}
		if fmt.Sprint(err) != "the records are not as they were written; problems: 1" || !strings.Contains(errs, test.want) || strings.Contains(errs, "is whole") {
			t.Errorf("%s: got %s, %v, want %s", name, errs, err, test.want)
		}
	}
}

// respell changes a kept value behind the bot's back.
func (w *world) respell(t *testing.T, name, from, to string) {
	t.Helper()
	f := store.Folder{Dir: w.dir}
	value, err := f.Read(t.Context(), name)
	if err == nil {
		_, err = f.WriteIfUnchanged(t.Context(), name, []byte(strings.Replace(string(value.Data), from, to, 1)), value.Version)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// remove takes a kept value away.
func (w *world) remove(t *testing.T, name string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(w.dir, "*"+filepath.Base(name)))
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	if err := os.Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
}

func TestExportOfNothing(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	out, errs, err := w.run(t, "", "audit", "export")
	if err != nil || errs != "There are no records of audits there.\n" || !strings.Contains(out, `"verified": true`) || w.files(t) != nil {
		t.Errorf("got %s, %s, %v", out, errs, err)
	}
}

// TestRecordsThatCannotBeRead, by an export and by an audit.
func TestRecordsThatCannotBeRead(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	stack, _ := w.aws(t)
	if _, _, err := w.runIn(t, t.Context(), w.typed(w.zoho.GrantToken), "setup", "--stack", "sample"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", serve(t, http.HandlerFunc(forbid)))
	for _, command := range [][]string{{"audit", "export"}, {"audit", "--dry-run"}} {
		_, _, err := w.runIn(t, t.Context(), "", append(command, "--stack", "sample")...)
		if want := "these AWS credentials have s3:ListBucket on the bucket sample-store"; err == nil || !strings.Contains(err.Error(), "AccessDenied") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", command, err, want)
		}
	}
	delete(stack.Outputs, "Store")
	if _, _, err := w.runIn(t, t.Context(), "", "audit", "export", "--stack", "sample"); err == nil || !strings.Contains(err.Error(), "lacks the output Store. Deploy") {
		t.Errorf("got %v", err)
	}
	stack.Outputs["Store"], stack.Parameters["AdminFlagsOff"] = bucket, "nonsense"
	if _, _, err := w.runIn(t, t.Context(), "", "audit", "--dry-run", "--stack", "sample"); err == nil || !strings.Contains(err.Error(), "AdminFlagsOff") {
		t.Errorf("got %v", err)
	}
}
