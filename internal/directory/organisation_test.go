package directory_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// organised is the directory of a new process that reads the organisation too.
func (w *world) organised() *directory.Directory {
	d := w.process()
	client := &zoho.Client{Tokens: func(context.Context) (zoho.Token, error) { return w.token, nil }, HTTP: &http.Client{Transport: w.zoho}, Log: d.Log}
	d.Roles, d.Profiles, d.Org = client.Roles, client.Profiles, client.Org
	return d
}

// organisation is what is stored, in short: the domain, the numbers of roles and
// profiles, and its age.
func (w *world) organisation() string {
	w.t.Helper()
	return short(stored(w.t, w.store).Organisation)
}

func short(o directory.Organisation) string {
	age := "never read"
	if !o.At.IsZero() {
		age = time.Since(o.At).Truncate(5 * time.Minute).String()
	}
	return fmt.Sprintf("%q %d %d %s", o.Domain, len(o.Roles), len(o.Profiles), age)
}

func (w *world) organisationCalls() int {
	return w.zoho.Count(zohosim.RolesCall) + w.zoho.Count(zohosim.ProfilesCall) + w.zoho.Count(zohosim.OrgCall)
}

// tree is a role tree: 71 at the top, 72 and 73 below it, 74 below 73.
func tree() []zoho.Role {
	below := func(id, name, above string) zoho.Role {
		return zoho.Role{ID: id, Name: name, ReportingTo: zoho.Ref{ID: above}}
	}
	return []zoho.Role{below("74", "Agent", "73"), below("71", "CEO", ""), below("72", "Sales", "71"), below("73", "Service", "71")}
}

// wellKnown is the sample's, just read.
const wellKnown = `"org808232144" 5 3 0s`

// TestSyncReadsTheOrganisation once in FullAfter, and when all is asked for.
func TestSyncReadsTheOrganisation(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		d := w.organised()
		w.ask(d, "kim")
		if n := w.organisationCalls(); n != 0 || w.organisation() != `"" 0 0 never read` {
			t.Errorf("%d calls while somebody waits; got %s", n, w.organisation())
		}
		w.sync(w.process(), false)
		if got := w.organisation(); got != `"" 0 0 never read` {
			t.Errorf("by a process that cannot: got %s", got)
		}
		w.sync(d, false)
		if got := w.organisation(); got != wellKnown {
			t.Errorf("got %s, want %s", got, wellKnown)
		}
		o := stored(t, w.store).Organisation
		if o.Roles[0].Name != "CEO" || o.Roles[1].Above != o.Roles[0].ID || o.Roles[0].Above != "" || o.Profiles[0].Name != "Administrator" || o.Profiles[0].Custom {
			t.Errorf("got %+v", o)
		}
		for range 11 {
			time.Sleep(time.Hour)
			w.renewed()
			w.sync(w.organised(), false)
		}
		if n := w.organisationCalls(); n != 3 {
			t.Errorf("%d calls in half a day", n)
		}
		time.Sleep(61 * time.Minute)
		w.renewed()
		w.sync(d, false)
		if n := w.organisationCalls(); n != 6 || w.organisation() != wellKnown {
			t.Errorf("%d calls after half a day; got %s", n, w.organisation())
		}
		w.sync(d, true)
		if n := w.organisationCalls(); n != 9 {
			t.Errorf("%d calls when all is asked for", n)
		}
	})
}

// TestTheOrganisationSurvives changes, full reads by who waits, and processes
// that start or cannot read it.
func TestTheOrganisationSurvives(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		w.sync(w.organised(), true)
		want := stored(t, w.store).Organisation
		check := func(when string, d *directory.Directory) {
			t.Helper()
			if v := must[directory.View](t)(d.Look(t.Context())); !reflect.DeepEqual(v.Organisation, want) || v.Stale != nil {
				t.Errorf("%s: got %s, stale %v", when, short(v.Organisation), v.Stale)
			}
		}
		d := w.process()
		check("from the store", d)
		time.Sleep(2 * time.Minute)
		check("nothing changed", d)
		if err := w.zoho.RenameUser(kimID, "Kim", "Generated"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		check("somebody changed", d)
		w.sync(w.process(), true)
		check("read in full", w.process())
		time.Sleep(11 * time.Minute)
		check("stored by another", d)
	})
}

// TestAFullReadOfWhoWaitsKeepsTheOrganisation: there is nothing to ask changes by.
func TestAFullReadOfWhoWaitsKeepsTheOrganisation(t *testing.T) {
	d := &directory.Directory{
		Read: func(context.Context, zoho.UserType) ([]zoho.User, error) {
			return []zoho.User{active("1", "Kim", "")}, nil
		},
		Roles:    func(context.Context) ([]zoho.Role, error) { return tree(), nil },
		Store:    &store.Memory{},
		FreshFor: 1,
		Log:      slog.New(slog.DiscardHandler),
	}
	must[directory.Synced](t)(d.Sync(t.Context(), true))
	if v := must[directory.View](t)(d.Look(t.Context())); v.How != directory.FullRead || len(v.Organisation.Roles) != len(tree()) {
		t.Errorf("got %+v, %s", v.Taken, short(v.Organisation))
	}
}

// TestWhatTheGrantDoesNotOpenIsUnknown: said once, and no failure.
func TestWhatTheGrantDoesNotOpenIsUnknown(t *testing.T) {
	for _, c := range []struct {
		scopes, want string
		said         int
	}{
		{"ZohoCRM.users.READ", `"" 0 0 0s`, 3},
		{"ZohoCRM.users.READ ZohoCRM.settings.roles.READ", `"" 5 0 0s`, 2},
		{"ZohoCRM.users.READ ZohoCRM.settings.profiles.READ ZohoCRM.org.READ", `"org808232144" 0 3 0s`, 1},
	} {
		simulated(t, zohosim.Config{Scopes: strings.Fields(c.scopes)}, func(w *world) {
			w.sync(w.organised(), false)
			if got := w.organisation(); got != c.want {
				w.t.Errorf("%s: got %s, want %s", c.scopes, got, c.want)
			}
			time.Sleep(10 * time.Minute)
			w.sync(w.organised(), false)
			if n := strings.Count(w.log.String(), "organisation not open to the grant"); n != c.said || w.organisationCalls() != 3 || strings.Contains(w.log.String(), "WARN") {
				w.t.Errorf("%s: said %d times, %d calls: %s", c.scopes, n, w.organisationCalls(), w.log)
			}
		})
	}
}

// TestAScopeThatWasWithdrawn makes its part unknown, as does an administrator
// who takes the permission.
func TestAScopeThatWasWithdrawn(t *testing.T) {
	for _, kind := range []zohosim.FaultKind{zohosim.ScopeMismatch, zohosim.NoAPIAccess} {
		simulated(t, zohosim.Config{}, func(w *world) {
			w.sync(w.organised(), true)
			if err := w.zoho.AddFault(zohosim.Fault{Path: "/crm/v7/settings/roles", Kind: kind}); err != nil {
				w.t.Fatal(err)
			}
			w.sync(w.organised(), true)
			if got := w.organisation(); got != `"org808232144" 0 3 0s` {
				w.t.Errorf("%s: got %s", kind, got)
			}
		})
	}
}

// TestAPartThatFailsStaysAsItWas, costs nobody the people, and is read at the
// next Sync.
func TestAPartThatFailsStaysAsItWas(t *testing.T) {
	for _, kind := range []zohosim.FaultKind{zohosim.Throttled, zohosim.HTML, zohosim.Truncated, zohosim.Hang} {
		simulated(t, zohosim.Config{}, func(w *world) {
			t := w.t
			fail := func(path string) {
				if err := w.zoho.AddFault(zohosim.Fault{Path: path, Kind: kind}); err != nil {
					t.Fatal(err)
				}
			}
			sync := func() {
				t.Helper()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				must[directory.Synced](t)(w.organised().Sync(ctx, false))
			}
			fail("/crm/v7/org") // the last part that is read
			sync()
			if got := w.organisation(); kind != zohosim.Hang && got != `"" 5 3 never read` || stored(t, w.store).Taken.Count != 15 {
				t.Errorf("%s at first: got %s", kind, got)
			}
			w.zoho.ClearFaults()
			time.Sleep(10 * time.Minute)
			sync()
			before := w.organisation()
			time.Sleep(13 * time.Hour)
			w.renewed()
			fail("/crm/v7/settings")
			fail("/crm/v7/org")
			sync()
			if got := w.organisation(); before != wellKnown || got != strings.Replace(wellKnown, " 0s", " 13h0m0s", 1) {
				t.Errorf("%s: got %s after %s", kind, got, before)
			}
			if s := stored(t, w.store); s.How != directory.FullRead || len(s.Organisation.Roles) != 5 {
				t.Errorf("%s: got %+v", kind, s.Taken)
			}
			if log := w.log.String(); !strings.Contains(log, "level=WARN msg=\"organisation not read\" part=roles") || strings.Contains(log, w.token.AccessToken) {
				t.Errorf("%s: the log says %s", kind, log)
			}
			w.zoho.ClearFaults()
			time.Sleep(10 * time.Minute)
			sync()
			if got := w.organisation(); got != wellKnown {
				t.Errorf("%s is over: got %s", kind, got)
			}
		})
	}
}

// TestABusyProcessHasTheOrganisationFromTheStore, though its people are newer
// than those that are stored; and who takes newer people keeps a newer one.
func TestABusyProcessHasTheOrganisationFromTheStore(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		busy, sync := w.process(), w.organised()
		w.ask(busy, "kim")
		w.sync(sync, false)
		for range 11 {
			time.Sleep(61 * time.Second)
			w.ask(busy, "kim")
		}
		v := must[directory.View](t)(busy.Look(t.Context()))
		if v.Age > time.Minute || len(v.Organisation.Roles) != 5 {
			t.Errorf("got %+v, %s", v.Source, short(v.Organisation))
		}
		older := directory.NewSnapshot(time.Now(), []zoho.User{active("1", "Lee", "")}, nil)
		value := must[store.Value](t)(w.store.Read(t.Context(), "directory/snapshot"))
		must[string](t)(w.store.WriteIfUnchanged(t.Context(), "directory/snapshot", must[[]byte](t)(older.Encode()), value.Version))
		time.Sleep(11 * time.Minute)
		w.fault(zohosim.Fault{Kind: zohosim.HTML})
		v = must[directory.View](t)(busy.Look(t.Context()))
		if v.Taken.Count != 1 || len(v.Organisation.Roles) != 5 {
			t.Errorf("got %+v, %s", v.Taken, short(v.Organisation))
		}
	})
}

// TestOrganisationsThatMeetInAWrite: the later one is stored, with the people
// that won.
func TestOrganisationsThatMeetInAWrite(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		time.Sleep(time.Minute)
		newer := directory.NewSnapshot(time.Now(), []zoho.User{active("1", "Lee", "")}, nil)
		newer.Organisation = directory.Organisation{At: time.Now().Add(-time.Second), Domain: "older"}
		w.store = &beaten{Store: w.store, by: must[[]byte](t)(newer.Encode()), after: 1}
		w.sync(w.organised(), true)
		if s := stored(t, w.store); short(s.Organisation) != wellKnown || s.Taken.Count != 15 {
			t.Errorf("got %+v, %s", s.Taken, short(s.Organisation))
		}
	})
}
