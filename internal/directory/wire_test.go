package directory_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// TestReadTaken tells of what is stored, or why that cannot be told.
func TestReadTaken(t *testing.T) {
	s := directory.NewSnapshot(readAt, sample(t), nil)
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		data []byte
		want error
	}{
		"nothing": {nil, store.ErrNotExist}, "a snapshot": {data, nil}, "damaged": {data[:len(data)-1], directory.ErrUnusable}, "something else": {[]byte("s3cret"), directory.ErrUnusable},
	} {
		kept := &store.Memory{}
		if test.data != nil {
			if _, err := kept.WriteIfUnchanged(t.Context(), "directory/snapshot", test.data, store.Absent); err != nil {
				t.Fatal(err)
			}
		}
		taken, err := directory.ReadTaken(t.Context(), kept)
		if !errors.Is(err, test.want) || err == nil && taken != s.Taken || strings.Contains(fmt.Sprint(err), "s3cret") {
			t.Errorf("%s: got %+v, %v, want %v", name, taken, err, test.want)
		}
	}
}

// TestASnapshotComesBackAsItWasStored with all that answers show.
func TestASnapshotComesBackAsItWasStored(t *testing.T) {
	people := append(sample(t), generated(t, 500)...)
	admins := map[string]bool{people[0].ID: true, people[100].ID: true}
	for _, some := range [][]zoho.User{people, people[:1], {}, {{ID: "1"}, {ID: "2", CreatedTime: time.Unix(-1, 0), ModifiedTime: readAt}}} {
		s := directory.NewSnapshot(readAt, some, admins)
		s.Organisation = known
		data, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := directory.Decode(data)
		if err != nil || back.Taken != s.Taken || back.Taken.Count != len(some) {
			t.Fatalf("got %+v, %v; want %+v", back, err, s.Taken)
		}
		if len(some) > 0 && !reflect.DeepEqual(back, s) {
			t.Errorf("%d people came back otherwise", len(some))
		}
	}
}

var known = directory.Organisation{
	At: readAt, Domain: "org808232144",
	Roles:    []directory.Role{{ID: "71", Name: "CEO", Admin: true}, {ID: "72", Name: "Sales", Above: "71"}},
	Profiles: []directory.Profile{{ID: "81", Name: "Standard"}, {ID: "82", Name: "Own", Custom: true}},
}

// headed is a stored snapshot with another header.
func headed(t *testing.T, data []byte, header any) []byte {
	t.Helper()
	line, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	rest := slices.Concat(line, []byte("\n"), bytes.SplitN(data, []byte("\n"), 3)[2])
	return fmt.Appendf(nil, "crmwho-directory 2 %x\n%s", sha256.Sum256(rest), rest)
}

// TestWhatWasStoredBeforeThereWereOrganisations is read as one that knows
// nothing of its own, and nothing else is stored of such a snapshot now.
func TestWhatWasStoredBeforeThereWereOrganisations(t *testing.T) {
	s := snapshot(sample(t)...)
	data := must[[]byte](t)(s.Encode())
	old := headed(t, data, s.Taken)
	if !bytes.Equal(data, old) {
		t.Errorf("got the header %s", bytes.SplitN(data, []byte("\n"), 3)[1])
	}
	s.Organisation = known
	back := must[*directory.Snapshot](t)(directory.Decode(headed(t, must[[]byte](t)(s.Encode()), s.Taken)))
	if back.Taken != s.Taken || !reflect.DeepEqual(back.Organisation, directory.Organisation{}) || back.Search(directory.Query{}).Total != 15 {
		t.Errorf("got %+v, %+v", back.Taken, back.Organisation)
	}
}

// TestOlderCodeReadsASnapshotWithAnOrganisation: it knows the first line and of
// the second what Taken says; later code may add keys of its own.
func TestOlderCodeReadsASnapshotWithAnOrganisation(t *testing.T) {
	s := snapshot(sample(t)...)
	bare := bytes.SplitN(must[[]byte](t)(s.Encode()), []byte("\n"), 3)
	s.Organisation = known
	data := must[[]byte](t)(s.Encode())
	lines := bytes.SplitN(data, []byte("\n"), 3)
	var taken directory.Taken
	if err := json.Unmarshal(lines[1], &taken); err != nil || taken != s.Taken || !bytes.HasPrefix(lines[0], []byte("crmwho-directory 2 ")) || !bytes.Equal(lines[2], bare[2]) {
		t.Errorf("got %s %s, %v", lines[0], lines[1], err)
	}
	later := struct {
		directory.Taken
		Organisation directory.Organisation `json:"organisation"`
		Further      []string               `json:"further"`
	}{s.Taken, known, []string{"x"}}
	if back, err := directory.Decode(headed(t, data, later)); err != nil || !reflect.DeepEqual(back.Organisation, known) {
		t.Errorf("got %+v, %v", back, err)
	}
}

// TestWhatIsKeptOfAUser: all but what no answer shows, to the second.
func TestWhatIsKeptOfAUser(t *testing.T) {
	for _, u := range append(sample(t), generated(t, 300)...) {
		got := snapshot(u).Search(directory.Query{}).Users[0]
		u.ZUID, u.CreatedBy = "", zoho.Ref{}
		u.CreatedTime, u.ModifiedTime = u.CreatedTime.UTC(), u.ModifiedTime.UTC()
		if got != u {
			t.Errorf("got %+v, want %+v", got, u)
		}
	}
}

// TestWhoModifiedAUserComesBack for everybody whom Zoho names one for, and is
// empty for others.
func TestWhoModifiedAUserComesBack(t *testing.T) {
	people := append(sample(t), active("1", "Nobody Yet", ""), active("2", "Own Record", ""))
	people[len(people)-1].ModifiedBy = zoho.Ref{ID: "2", Name: "Own Record"}
	want := map[string]zoho.Ref{}
	for _, u := range people {
		want[u.ID] = u.ModifiedBy
	}
	back := must[*directory.Snapshot](t)(directory.Decode(must[[]byte](t)(snapshot(people...).Encode())))
	got := map[string]zoho.Ref{}
	for _, u := range back.Search(directory.Query{}).Users {
		got[u.ID] = u.ModifiedBy
	}
	if !reflect.DeepEqual(got, want) || want[people[0].ID] == (zoho.Ref{}) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// shown are the keys of Zoho's wire format whose values a snapshot keeps.
var shown = []string{"full_name", "first_name", "last_name", "alias", "email", "phone", "mobile", "status_reason__s", "city", "state", "Reporting_To", "Modified_By"}

// TestNothingElseIsKept: whatever Zoho tells about somebody and no answer
// shows, such as the date of birth and the street, is not in what is stored.
func TestNothingElseIsKept(t *testing.T) {
	organisation, canaries := zohosim.Canary(50)
	data, err := snapshot(users(t, organisation.Users)...).Encode()
	if err != nil {
		t.Fatal(err)
	}
	stored := unpacked(t, data)
	allowed := map[string]bool{}
	for _, raw := range organisation.Users {
		var u map[string]any
		if err := json.Unmarshal(raw, &u); err != nil {
			t.Fatal(err)
		}
		for _, key := range shown {
			text, err := json.Marshal(u[key])
			if err != nil {
				t.Fatal(err)
			}
			for _, canary := range canaries {
				if strings.Contains(string(text), canary) {
					allowed[canary] = true
				}
			}
		}
	}
	leaked := 0
	for _, canary := range canaries {
		if !allowed[canary] && strings.Contains(stored, canary) {
			leaked++
		}
	}
	if leaked > 0 || len(allowed) < 200 || len(canaries) < 2*len(allowed) {
		t.Errorf("%d values that no answer shows are stored; %d may be, of %d", leaked, len(allowed), len(canaries))
	}
}

// unpacked is what a stored snapshot holds, without the compression.
func unpacked(t *testing.T, data []byte) string {
	t.Helper()
	lines := bytes.SplitN(data, []byte("\n"), 3)
	zip, err := gzip.NewReader(bytes.NewReader(lines[2]))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	return string(lines[1]) + string(body)
}

// TestTheHashIsOfThePeople, not of when and in which order they were read nor
// of what changes by itself.
func TestTheHashIsOfThePeople(t *testing.T) {
	raws := zohosim.SampleUsers()
	before := snapshot(users(t, raws)...)
	for i, raw := range raws {
		var u map[string]any
		if err := json.Unmarshal(raw, &u); err != nil {
			t.Fatal(err)
		}
		u["Isonline"], u["offset"], u["$current_shift"], u["$next_shift"] = true, 3600000, map[string]any{"id": "1"}, "x"
		changed, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		raws[i] = changed
	}
	later := users(t, raws)
	slices.Reverse(later)
	after := directory.NewSnapshot(readAt.Add(time.Hour), later, map[string]bool{})
	if before.Hash != after.Hash || len(before.Hash) != 64 {
		t.Errorf("got %s and %s", before.Hash, after.Hash)
	}
	seen := map[string]bool{before.Hash: true}
	later[0].Phone = "1"
	seen[snapshot(later...).Hash] = true
	seen[directory.NewSnapshot(readAt, later, map[string]bool{later[3].ID: true}).Hash] = true
	seen[snapshot(later[1:]...).Hash] = true
	if len(seen) != 4 {
		t.Errorf("%d hashes of four different directories", len(seen))
	}
}

// TestDamageIsFound wherever it is.
func TestDamageIsFound(t *testing.T) {
	data, err := snapshot(sample(t)...).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if _, err := directory.Decode(data[:n]); err == nil {
			t.Errorf("the first %d bytes were taken for all", n)
		}
		damaged := bytes.Clone(data)
		damaged[n] ^= 0x40
		if _, err := directory.Decode(damaged); err == nil {
			t.Errorf("byte %d was damaged and nobody noticed", n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, people := range [][]zoho.User{sample(f), {}, {{ID: "1"}}} {
		data, err := snapshot(people...).Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	s := snapshot(sample(f)...)
	s.Organisation = known
	data, err := s.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("crmwho-directory 2\n{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := directory.Decode(data)
		if err != nil {
			return
		}
		again, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := directory.Decode(again); err != nil || back.Taken != s.Taken || !reflect.DeepEqual(back.Organisation, s.Organisation) {
			t.Errorf("got %v, %v", back, err)
		}
		s.Search(directory.Query{Terms: []directory.Term{{Kind: directory.Word, Text: "kim"}}})
	})
}

// FuzzSearch: no question and no person breaks a search, and everybody is
// found by their own name and e-mail address.
func FuzzSearch(f *testing.F) {
	f.Add("kim", "Kim", "kim@example.com", "+1 555 0100", "active")
	f.Add("o'neil 0100", "Søren O’Neil-ß", "S@Ö.example", "(0) 0", "deleted")
	f.Add("İx ǅ \u0301", "\xff\u200d\n\t", "@", "٣", "")
	f.Fuzz(func(t *testing.T, text, name, email, phone, status string) {
		s := snapshot(zoho.User{ID: "1", FullName: name, Email: email, Phone: phone, Status: status}, active("2", "Other", "o@example.com"))
		if q, err := directory.Parse(text); err == nil {
			s.Search(q)
		}
		q, err := directory.Parse(name)
		if err != nil || len(q.Filters) > 0 || slices.ContainsFunc(q.Terms, func(t directory.Term) bool { return t.Kind != directory.Word }) {
			return
		}
		if found := s.Search(q); !slices.ContainsFunc(found.Users, func(u zoho.User) bool { return u.ID == "1" }) {
			t.Errorf("%q is not found by that name as %+v", name, q)
		}
	})
}
