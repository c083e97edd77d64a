package audit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"crmwho/internal/audit"
	"crmwho/internal/store"
)

const inChain = 200

// chainOf is the evidence of audits that were signed, one in five of which failed.
func chainOf(t testing.TB, n int) (audit.Evidence, []audit.Record) {
	t.Helper()
	l := audit.Ledger{Store: &store.Memory{}}
	var records []audit.Record
	for i := range n {
		at := now.Add(time.Duration(i) * time.Hour)
		r := audit.Record{At: at, Run: fmt.Sprintf("run-%d", i/2)}
		switch {
		case i%10 == 8:
			r.Run, r.Failed = fmt.Sprintf("failed-%d", i), &audit.Failed{Reason: "Zoho did not answer."}
		case i%2 == 0:
			hash, err := l.Keep(t.Context(), audit.Take(audit.Find(listed(kim(asIs), lee(asIs)), organisation, audit.Rules{}, at), organisation, audit.Rules{}, at))
			if err != nil {
				t.Fatal(err)
			}
			r.Posted = &audit.Posted{Snapshot: hash, Shown: audit.Shown{Total: 2}, Place: audit.Place{Channel: "C00000001", TS: fmt.Sprint(i)}}
		case i%10 == 9:
			r.Run, r.Failed = fmt.Sprintf("failed-%d", i), &audit.Failed{Reason: "Slack did not answer."}
		default:
			r.Signed = &audit.Signed{Outcome: audit.Acknowledged, User: "U00000001", Post: i, Snapshot: records[i-1].Posted.Snapshot, Shown: "<&>\u2028"}
		}
		kept, written, err := l.Append(t.Context(), i, r)
		if err != nil || !written {
			t.Fatal(kept, written, err)
		}
		records = append(records, kept)
	}
	e, err := l.Evidence(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return e, records
}

func copied(e audit.Evidence) audit.Evidence {
	return audit.Evidence{Records: maps.Clone(e.Records), Snapshots: maps.Clone(e.Snapshots)}
}

func recordAt(n int) string { return fmt.Sprintf("audit/records/%08d", n) }

// sealed is a record as it is kept, after a change, with the right hash.
func sealed(t testing.TB, data []byte, change func(map[string]any)) []byte {
	t.Helper()
	var r map[string]any
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	change(r)
	delete(r, "hash")
	hash := sha256.Sum256(rfc8785(t, r))
	r["hash"] = hex.EncodeToString(hash[:])
	return rfc8785(t, r)
}

func rfc8785(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err == nil {
		err = (*jsontext.Value)(&data).Canonicalize()
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// shift renames what stands at from and later by so many places.
func shift(e audit.Evidence, from, by int) {
	moved := map[string][]byte{}
	for n := from; n <= inChain; n++ {
		if data, there := e.Records[recordAt(n)]; there {
			moved[recordAt(n+by)] = data
			delete(e.Records, recordAt(n))
		}
	}
	maps.Copy(e.Records, moved)
}

func told(problems []audit.Problem) string {
	var all []string
	for _, p := range problems {
		all = append(all, fmt.Sprintf("%d: %s", p.Record, p.What))
	}
	return strings.Join(all, "\n")
}

func check(t *testing.T, what string, got []audit.Problem, want ...string) {
	t.Helper()
	if told(got) != strings.Join(want, "\n") {
		t.Errorf("%s: got\n%s\nwant\n%s", what, told(got), strings.Join(want, "\n"))
	}
}

func TestAChainVerifies(t *testing.T) {
	e, records := chainOf(t, inChain)
	if got := e.Verify(); got != nil {
		t.Errorf("got %s", told(got))
	}
	for _, r := range records { // whichever was written down
		check(t, "with a head", e.Verify(" "+strings.ToUpper(r.Hash)+"\n", records[0].Hash))
	}
	if all := e.All(); !slices.EqualFunc(all, records, func(a, b audit.Record) bool { return a.Number == b.Number && a.Hash == b.Hash }) {
		t.Errorf("got %d records, want %d", len(all), len(records))
	}
	check(t, "nothing", audit.Evidence{}.Verify())
}

// TestAChangedByteIsNamed in each record of a chain.
func TestAChangedByteIsNamed(t *testing.T) {
	e, records := chainOf(t, inChain)
	random := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= inChain; n++ {
		changed := bytes.Clone(e.Records[recordAt(n)])
		changed[random.IntN(len(changed))] ^= byte(1 + random.IntN(255))
		with := copied(e)
		with.Records[recordAt(n)] = changed
		check(t, string(changed), with.Verify(records[inChain-1].Hash), fmt.Sprintf("%d: Record %d was changed.", n, n))
	}
}

// TestAFieldChangedIsNamed though the record has the right hash for it.
func TestAFieldChangedIsNamed(t *testing.T) {
	e, records := chainOf(t, 30)
	head := records[29].Hash
	for n := 1; n < 30; n++ {
		want := fmt.Sprintf("%d: Record %d was changed: it is not the one that record %d is chained to.", n, n, n+1)
		for _, field := range []string{"run", "previous"} {
			with := copied(e)
			with.Records[recordAt(n)] = sealed(t, e.Records[recordAt(n)], func(r map[string]any) { r[field] = "another" })
			check(t, field, with.Verify(head), want)
			check(t, field, with.Verify(head, records[n-1].Hash), want)
			if n < 29 {
				check(t, field, with.Verify(), want)
			} else {
				check(t, field, with.Verify(), "29: Record 29 was changed, or else record 30: that one is chained to another.")
			}
		}
	}
	e.Records[recordAt(30)] = sealed(t, e.Records[recordAt(30)], func(r map[string]any) { r["run"] = "another" })
	check(t, "the last", e.Verify())
	check(t, "the last", e.Verify(head), "0: No record has the hash "+head+" that was given: the last ones were taken away, or they were written anew, or the hash is mistyped or of another place.")
}

// TestEachByteCounts of a few records, and what is added to them.
func TestEachByteCounts(t *testing.T) {
	e, _ := chainOf(t, 3)
	for n := 1; n <= 3; n++ {
		data := e.Records[recordAt(n)]
		for i := range data {
			for _, b := range []byte{' ', '0', data[i] ^ 0x20} {
				changed := bytes.Clone(data)
				if changed[i] = b; b == data[i] {
					continue
				}
				with := copied(e)
				with.Records[recordAt(n)] = changed
				check(t, string(changed), with.Verify(), fmt.Sprintf("%d: Record %d was changed.", n, n))
			}
		}
		for _, changed := range [][]byte{nil, []byte("{}"), []byte("null"), append(bytes.Clone(data), '\n'), append([]byte(`{"x":1,`), data[1:]...)} {
			with := copied(e)
			with.Records[recordAt(n)] = changed
			check(t, string(changed), with.Verify(), fmt.Sprintf("%d: Record %d was changed.", n, n))
		}
	}
}

func TestEachKindOfTamperingIsNamed(t *testing.T) {
	whole, records := chainOf(t, inChain)
	head := records[inChain-1].Hash
	gone := "0: No record has the hash " + head + " that was given: the last ones were taken away, or they were written anew, or the hash is mistyped or of another place."
	in := func(n int) []byte { return whole.Records[recordAt(n)] }
	forged := func(n int) []byte {
		return sealed(t, in(n), func(r map[string]any) { r["run"] = "forged" })
	}
	for _, c := range []struct {
		what   string
		tamper func(audit.Evidence)
		heads  []string
		want   []string
	}{
		{"first removed", func(e audit.Evidence) { delete(e.Records, recordAt(1)) }, nil, []string{"1: Record 1 is missing."}},
		{"one removed", func(e audit.Evidence) { delete(e.Records, recordAt(77)) }, nil, []string{"77: Record 77 is missing."}},
		{"one removed, and its hash known", func(e audit.Evidence) { delete(e.Records, recordAt(77)) }, []string{records[76].Hash}, []string{"77: Record 77 is missing."}},
		{"last removed", func(e audit.Evidence) { delete(e.Records, recordAt(200)) }, []string{head}, []string{gone}},
		{"last removed, another hash known", func(e audit.Evidence) { delete(e.Records, recordAt(200)) }, []string{records[198].Hash}, nil},
		{"two removed", func(e audit.Evidence) { delete(e.Records, recordAt(77)); delete(e.Records, recordAt(78)) }, nil, []string{"77: Records 77 to 78 are missing."}},
		{"two apart removed", func(e audit.Evidence) { delete(e.Records, recordAt(7)); delete(e.Records, recordAt(177)) }, nil, []string{"7: Record 7 is missing.", "177: Record 177 is missing."}},
		{"all but the last removed", func(e audit.Evidence) {
			for n := 1; n < inChain; n++ {
				delete(e.Records, recordAt(n))
			}
		}, nil, []string{"1: Records 1 to 199 are missing."}},
		{"all removed", func(e audit.Evidence) { clear(e.Records) }, []string{head}, []string{gone}},
		{"one removed and the next changed", func(e audit.Evidence) {
			delete(e.Records, recordAt(77))
			e.Records[recordAt(78)] = bytes.ToUpper(in(78))
		}, nil, []string{"77: Record 77 is missing.", "78: Record 78 was changed."}},
		{"one removed and the one before changed", func(e audit.Evidence) {
			delete(e.Records, recordAt(77))
			e.Records[recordAt(76)] = bytes.ToUpper(in(76))
		}, nil, []string{"76: Record 76 was changed.", "77: Record 77 is missing."}},

		{"one removed, the others renamed", func(e audit.Evidence) { delete(e.Records, recordAt(77)); shift(e, 78, -1) }, nil,
			[]string{"77: Record 77 is missing.", "78: Records 78 to 200 stand in the places of records 77 to 199."}},
		{"first removed, the others renamed", func(e audit.Evidence) { delete(e.Records, recordAt(1)); shift(e, 2, -1) }, nil,
			[]string{"1: Record 1 is missing.", "2: Records 2 to 200 stand in the places of records 1 to 199."}},
		{"last but one removed, the last renamed", func(e audit.Evidence) { e.Records[recordAt(199)] = in(200); delete(e.Records, recordAt(200)) }, []string{head},
			[]string{"199: Record 199 is missing.", "200: Record 200 stands in the place of record 199."}},
		{"two removed, the others renamed", func(e audit.Evidence) {
			delete(e.Records, recordAt(77))
			delete(e.Records, recordAt(78))
			shift(e, 79, -2)
		}, nil, []string{"77: Records 77 to 78 are missing.", "79: Records 79 to 200 stand in the places of records 77 to 198."}},
		{"all renamed", func(e audit.Evidence) { shift(e, 1, 3) }, nil, []string{"1: Records 1 to 200 stand in the places of records 4 to 203."}},

		{"one put in, the others renamed", func(e audit.Evidence) { shift(e, 77, 1); e.Records[recordAt(77)] = forged(77) }, nil,
			[]string{"77: Record 77 was put in: no other is chained to it.", "77: Records 77 to 200 stand in the places of records 78 to 201."}},
		{"something put in, the others renamed", func(e audit.Evidence) { shift(e, 77, 1); e.Records[recordAt(77)] = []byte("{}") }, nil,
			[]string{"77: Record 77 was put in: no other is chained to it.", "77: Records 77 to 200 stand in the places of records 78 to 201."}},
		{"first put in, the others renamed", func(e audit.Evidence) { shift(e, 1, 1); e.Records[recordAt(1)] = forged(1) }, nil,
			[]string{"1: Record 1 was put in: no other is chained to it.", "1: Records 1 to 200 stand in the places of records 2 to 201."}},
		{"a copy put in, the others renamed", func(e audit.Evidence) { shift(e, 77, 1); e.Records[recordAt(77)] = in(120) }, nil,
			[]string{"77: Record 77 was changed or put in: it is a copy of record 120.", "77: Records 77 to 200 stand in the places of records 78 to 201."}},
		{"put in under an odd name", func(e audit.Evidence) { e.Records["audit/records/0000077"] = in(77) }, nil,
			[]string{`0: "0000077" was put in: it is no name of a record.`}},
		{"put in under more odd names", func(e audit.Evidence) {
			for _, name := range []string{"00000000", "000000201", "-0000077", "+0000077", "00000077.bak", "", "0000007٧"} {
				e.Records["audit/records/"+name] = in(77)
			}
		}, nil, []string{`0: "" was put in: it is no name of a record.`, `0: "+0000077" was put in: it is no name of a record.`, `0: "-0000077" was put in: it is no name of a record.`,
			`0: "00000000" was put in: it is no name of a record.`, `0: "000000201" was put in: it is no name of a record.`, `0: "00000077.bak" was put in: it is no name of a record.`,
			`0: "0000007٧" was put in: it is no name of a record.`}},
		{"put in far behind", func(e audit.Evidence) { e.Records[recordAt(99999999)] = in(77) }, nil,
			[]string{"99999999: Record 99999999 was changed or put in: it is a copy of record 77."}},
		{"the last copied behind", func(e audit.Evidence) { e.Records[recordAt(201)] = in(200) }, nil,
			[]string{"201: Record 201 was changed or put in: it is a copy of record 200."}},
		{"put in behind, chained to another", func(e audit.Evidence) { e.Records[recordAt(201)] = forged(200) }, []string{head},
			[]string{"201: Record 201 was put in: another one is chained to record 199."}},
		{"put in behind, chained to none of them", func(e audit.Evidence) {
			e.Records[recordAt(201)] = sealed(t, in(200), func(r map[string]any) { r["number"], r["previous"] = 201, "x" })
		}, []string{head}, []string{"201: Record 201 was changed or put in: it is not chained to record 200."}},
		{"put in behind, with another's number", func(e audit.Evidence) {
			e.Records[recordAt(201)] = sealed(t, in(200), func(r map[string]any) { r["number"] = 201 })
		}, nil, []string{"201: Record 201 was changed: it is chained to record 199."}},

		{"two swapped", func(e audit.Evidence) { e.Records[recordAt(50)], e.Records[recordAt(90)] = in(90), in(50) }, nil,
			[]string{"50: Record 50 stands in the place of record 90.", "90: Record 90 stands in the place of record 50."}},
		{"neighbours swapped", func(e audit.Evidence) { e.Records[recordAt(50)], e.Records[recordAt(51)] = in(51), in(50) }, nil,
			[]string{"50: Record 50 stands in the place of record 51.", "51: Record 51 stands in the place of record 50."}},
		{"first and last swapped", func(e audit.Evidence) { e.Records[recordAt(1)], e.Records[recordAt(200)] = in(200), in(1) }, nil,
			[]string{"1: Record 1 stands in the place of record 200.", "200: Record 200 stands in the place of record 1."}},
		{"last two swapped", func(e audit.Evidence) { e.Records[recordAt(199)], e.Records[recordAt(200)] = in(200), in(199) }, nil,
			[]string{"199: Record 199 stands in the place of record 200.", "200: Record 200 stands in the place of record 199."}},

		{"a copy of a later one", func(e audit.Evidence) { e.Records[recordAt(50)] = in(90) }, nil, []string{"50: Record 50 was changed: a copy of record 90 stands in its place."}},
		{"a copy of an earlier one", func(e audit.Evidence) { e.Records[recordAt(50)] = in(9) }, nil, []string{"50: Record 50 was changed: a copy of record 9 stands in its place."}},
		{"a copy of the one before", func(e audit.Evidence) { e.Records[recordAt(50)] = in(49) }, nil, []string{"50: Record 50 was changed: a copy of record 49 stands in its place."}},
		{"a copy of the next", func(e audit.Evidence) { e.Records[recordAt(50)] = in(51) }, nil, []string{"50: Record 50 was changed: a copy of record 51 stands in its place."}},
		{"a copy in the first place", func(e audit.Evidence) { e.Records[recordAt(1)] = in(51) }, nil, []string{"1: Record 1 was changed: a copy of record 51 stands in its place."}},
		{"a copy in the last place", func(e audit.Evidence) { e.Records[recordAt(200)] = in(51) }, []string{head}, []string{
			"200: Record 200 was changed or put in: it is a copy of record 51.", gone}},

		{"another number", func(e audit.Evidence) {
			e.Records[recordAt(50)] = sealed(t, in(50), func(r map[string]any) { r["number"] = 49 })
		}, nil,
			[]string{"50: Record 50 was changed: it says that it is record 49."}},
		{"a high number", func(e audit.Evidence) {
			e.Records[recordAt(50)] = sealed(t, in(50), func(r map[string]any) { r["number"] = 1000 })
		}, nil,
			[]string{"50: Record 50 was changed: it says that it is record 1000."}},
		{"called the first", func(e audit.Evidence) {
			e.Records[recordAt(50)] = sealed(t, in(50), func(r map[string]any) { r["number"] = 1; delete(r, "previous") })
		}, nil, []string{"50: Record 50 was changed: it says that it is record 1."}},
		{"chained to none", func(e audit.Evidence) {
			e.Records[recordAt(200)] = sealed(t, in(200), func(r map[string]any) { delete(r, "previous") })
		}, nil, []string{"200: Record 200 was changed: the first one is chained to none, and no other."}},
		{"first chained", func(e audit.Evidence) {
			e.Records[recordAt(1)] = sealed(t, in(1), func(r map[string]any) { r["previous"] = head })
		}, nil, []string{"1: Record 1 was changed: it is not the one that record 2 is chained to."}},

		{"snapshot changed", func(e audit.Evidence) { e.Snapshots[records[20].Posted.Snapshot] = []byte("{}") }, nil, []string{"21: The snapshot of record 21 was changed."}},
		{"snapshot missing", func(e audit.Evidence) { delete(e.Snapshots, records[0].Posted.Snapshot) }, nil, []string{"1: The snapshot of record 1 is missing."}},
	} {
		e := copied(whole)
		c.tamper(e)
		check(t, c.what, e.Verify(c.heads...), c.want...)
	}
	check(t, "no hash", whole.Verify("abc"), `0: "abc" is not the hash of a record: it has 3 characters, not 64.`)
}

// rewritten is a chain that somebody wrote anew, with changes, from some record on.
func rewritten(t testing.TB, e audit.Evidence, n int, change func(number int, r map[string]any)) audit.Evidence {
	t.Helper()
	with, previous := copied(e), ""
	for i := 1; i <= n; i++ {
		with.Records[recordAt(i)] = sealed(t, with.Records[recordAt(i)], func(r map[string]any) {
			if previous != "" {
				r["previous"] = previous
			}
			change(i, r)
		})
		var r audit.Record
		if err := json.Unmarshal(with.Records[recordAt(i)], &r); err != nil {
			t.Fatal(err)
		}
		previous = r.Hash
	}
	return with
}

func TestOnlyAHeadTellsOfAChainThatWasWrittenAnew(t *testing.T) {
	e, records := chainOf(t, 20)
	anew := rewritten(t, e, 20, func(n int, r map[string]any) {
		if n == 3 {
			r["run"] = "another"
		}
	})
	check(t, "no head", anew.Verify())
	for n, r := range records {
		if got := anew.Verify(r.Hash); (got == nil) != (n < 2) {
			t.Errorf("head of record %d: got %s", n+1, told(got))
		}
	}
	part := rewritten(t, e, 12, func(n int, r map[string]any) { r["at"] = "2020-01-01T00:00:00Z" })
	check(t, "a part", part.Verify(), "12: Record 12 was changed: it is not the one that record 13 is chained to.")
}

func TestWhatRecordsSayOfOneAnother(t *testing.T) {
	e, _ := chainOf(t, 10)
	for what, c := range map[string]struct {
		change func(int, map[string]any)
		want   string
	}{
		"a second signature of a run": {func(n int, r map[string]any) {
			if n == 6 {
				r["run"] = "run-0"
			}
		}, "6: Record 6 was put in: record 2 says the same of its run."},
		"another snapshot signed": {func(n int, r map[string]any) {
			if n == 6 {
				r["signed"].(map[string]any)["snapshot"] = "x"
			}
		}, "6: Record 6 signs what record 5 did not show."},
		"a signature signed": {func(n int, r map[string]any) {
			if n == 6 {
				r["signed"].(map[string]any)["post"] = 4
			}
		}, "6: Record 6 signs what record 4 did not show."},
		"nothing signed": {func(n int, r map[string]any) {
			if n == 6 {
				r["signed"].(map[string]any)["post"] = 0
			}
		}, "6: Record 6 signs what record 0 did not show."},
		"what is to come signed": {func(n int, r map[string]any) {
			if n == 6 {
				r["signed"].(map[string]any)["post"] = 7
			}
		}, "6: Record 6 signs what record 7 did not show."},
	} {
		check(t, what, rewritten(t, e, 10, c.change).Verify(), c.want)
	}
}

// FuzzTampering changes, moves, copies and takes away at random: something is
// told, unless all is as it was, or the end was cut off.
func FuzzTampering(f *testing.F) {
	whole, records := chainOf(f, 20)
	for seed := range uint64(300) {
		f.Add(seed, int(seed%4))
	}
	f.Fuzz(func(t *testing.T, seed uint64, times int) {
		e, random := copied(whole), rand.New(rand.NewPCG(seed, 0))
		place := func() string { return recordAt(1 + random.IntN(20)) }
		for range 1 + max(times, 0)%5 {
			switch a, b := place(), place(); random.IntN(6) {
			case 0:
				delete(e.Records, a)
			case 1:
				e.Records[a], e.Records[b] = e.Records[b], e.Records[a]
			case 2:
				e.Records[a] = e.Records[b]
			case 3:
				e.Records[recordAt(random.IntN(25))] = whole.Records[a]
			case 4:
				if data := bytes.Clone(e.Records[a]); len(data) > 0 {
					data[random.IntN(len(data))] ^= 1
					e.Records[a] = data
				}
			case 5:
				e.Records[a] = sealed(t, whole.Records[a], func(r map[string]any) {
					switch random.IntN(3) {
					case 0:
						r["run"] = "x"
					case 1:
						r["number"] = random.IntN(25)
					default:
						r["previous"] = records[random.IntN(20)].Hash
					}
				})
			}
		}
		same := maps.EqualFunc(e.Records, whole.Records, bytes.Equal)
		if got := e.Verify(records[19].Hash); (got == nil) != same {
			t.Errorf("the same is %t, got %q", same, told(got))
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	e, _ := chainOf(b, inChain)
	for b.Loop() {
		e.Verify()
	}
}
