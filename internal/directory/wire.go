package directory

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"crmwho/internal/store"
)

// A stored snapshot has two lines of text: a name, the format's version and the
// SHA-256 of all that follows; and its header, as JSON. Then come the
// people by column, compressed with gzip. By column they take less room than as
// JSON and load several times as fast: see BenchmarkLoad.
const (
	formatName    = "crmwho-directory"
	formatVersion = "2"

	maxPeople = 1 << 20   // beyond any organisation
	maxBody   = 256 << 20 // of the people, not compressed
)

var (
	errForeign = errors.New("not a snapshot of a directory")
	errFormat  = errors.New("a snapshot in another format than mine")
	errCorrupt = errors.New("a damaged snapshot")
)

// ErrUnusable says that what is stored is no snapshot which could be used. The
// next good read replaces it.
var ErrUnusable = errors.New("the stored list of people cannot be used")

// ReadTaken tells where the stored snapshot comes from, without its people. Where
// nothing is stored the error is store.ErrNotExist, and where that is no snapshot
// ErrUnusable.
func ReadTaken(ctx context.Context, from store.Store) (Taken, error) {
	value, err := from.Read(ctx, snapshotName)
	if err != nil {
		return Taken{}, fmt.Errorf("stored directory: %w", err)
	}
	h, _, err := decodeHeader(value.Data)
	if err != nil {
		return Taken{}, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	return h.Taken, nil
}

// header is what a snapshot says besides its people. Further keys can join it
// without another version of the format: whoever does not know them goes on.
type header struct {
	Taken
	Organisation Organisation `json:"organisation,omitzero"`
}

// orNewer takes from another header what is newer there.
func (h header) orNewer(o header) header {
	if h.newerThan(o.Taken) {
		if o.Organisation.At.After(h.Organisation.At) {
			h.Organisation = o.Organisation
		}
		return h
	}
	if h.Organisation.At.After(o.Organisation.At) {
		o.Organisation = h.Organisation
	}
	return o
}

// Encode gives the snapshot as it is stored.
func (s *Snapshot) Encode() ([]byte, error) {
	line, err := json.Marshal(header{s.Taken, s.Organisation})
	if err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	rest := bytes.NewBuffer(append(line, '\n'))
	zip := gzip.NewWriter(rest)
	if _, err := zip.Write(s.people.append(nil)); err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	if err := zip.Close(); err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	return fmt.Appendf(nil, "%s %s %s\n%s", formatName, formatVersion, sum(rest.Bytes()), rest.Bytes()), nil
}

// Decode reads a stored snapshot. What is not one, of another version, or not
// exactly what was stored is an error that holds nothing of it.
func Decode(data []byte) (*Snapshot, error) {
	h, packed, err := decodeHeader(data)
	if err != nil {
		return nil, err
	}
	return decodePeople(h, packed)
}

// decodePeople reads what decodeHeader leaves.
func decodePeople(h header, packed []byte) (*Snapshot, error) {
	s := &Snapshot{Taken: h.Taken, Organisation: h.Organisation, lines: &lines{}}
	body, err := unpack(packed)
	if err != nil || !s.people.read(body) || s.len() != s.Taken.Count {
		return nil, errCorrupt
	}
	s.countStandings()
	s.index = newIndex(&s.people)
	return s, nil
}

// decodeHeader reads what a stored snapshot says of itself, and gives the rest.
func decodeHeader(data []byte) (h header, packed []byte, err error) {
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	words := strings.Fields(string(first[:min(len(first), 200)]))
	switch {
	case len(words) == 0 || words[0] != formatName:
		return h, nil, errForeign
	case len(words) < 2 || words[1] != formatVersion:
		return h, nil, errFormat
	case len(words) != 3 || words[2] != sum(rest):
		return h, nil, errCorrupt
	}
	line, packed, _ := bytes.Cut(rest, []byte("\n"))
	if json.Unmarshal(line, &h) != nil {
		return h, nil, errCorrupt
	}
	return h, packed, nil
}

// unpack gives the people's bytes as a string, of which their texts will be parts.
func unpack(packed []byte) (string, error) {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.Grow(min(unpackedSize(packed), 8*len(packed))) // damage must not cost more
	n, err := io.Copy(&text, io.LimitReader(zip, maxBody+1))
	if err != nil || n > maxBody {
		return "", errCorrupt
	}
	return text.String(), nil
}

// sum is a SHA-256 in hexadecimal.
func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// unpackedSize is what gzip's last four bytes say.
// Source: RFC 1952, "Member format".
func unpackedSize(packed []byte) int {
	return int(binary.LittleEndian.Uint32(packed[len(packed)-4:]))
}

// append writes the people: how many they are, then column by column how many
// texts it has, their lengths, the texts, and in a shared column whose is
// which; then times and flags.
func (p *people) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(p.len()))
	for c := range p.columns {
		b = p.columns[c].append(b, c >= sharedFrom)
	}
	for _, times := range [][]int64{p.created, p.modified} {
		for _, t := range times {
			b = binary.AppendVarint(b, t)
		}
	}
	return append(b, p.flags...)
}

func (c *column) append(b []byte, shared bool) []byte {
	if shared {
		b = binary.AppendUvarint(b, uint64(len(c.ends)))
	}
	start := uint32(0)
	for _, end := range c.ends {
		b = binary.AppendUvarint(b, uint64(end-start))
		start = end
	}
	b = append(b, c.texts...)
	for _, ref := range c.refs {
		b = binary.AppendUvarint(b, uint64(ref))
	}
	return b
}

// read reports whether all of body is people.
func (p *people) read(body string) bool {
	r := &bodyReader{rest: body}
	n := r.count(maxPeople)
	for c := range p.columns {
		p.columns[c].read(r, n, c >= sharedFrom)
	}
	p.created, p.modified = r.times(n), r.times(n)
	p.flags = []byte(r.take(n))
	return !r.bad && r.rest == ""
}

func (c *column) read(r *bodyReader, people int, shared bool) {
	texts := people
	if shared {
		texts = r.count(people)
	}
	c.ends = make([]uint32, texts)
	end := 0
	for i := range c.ends {
		end += r.count(maxBody - end)
		c.ends[i] = uint32(end)
	}
	c.texts = r.take(end)
	if !shared {
		return
	}
	c.refs = make([]uint32, people)
	for i := range c.refs {
		c.refs[i] = uint32(r.count(texts - 1))
	}
}

// bodyReader goes through the people's bytes. After a fault it gives zeros.
type bodyReader struct {
	rest string
	bad  bool
}

// count is a number up to most.
func (r *bodyReader) count(most int) int {
	n, length := uvarint(r.rest)
	if length == 0 || n > uint64(max(most, 0)) || most < 0 {
		r.bad, r.rest = true, ""
		return 0
	}
	r.rest = r.rest[length:]
	return int(n)
}

func (r *bodyReader) take(n int) string {
	if n > len(r.rest) {
		r.bad, r.rest = true, ""
		return ""
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *bodyReader) times(n int) []int64 {
	times := make([]int64, n)
	for i := range times {
		u, length := uvarint(r.rest)
		if length == 0 {
			r.bad = true
			break
		}
		r.rest = r.rest[length:]
		times[i] = int64(u>>1) ^ -int64(u&1) // as binary.Varint
	}
	return times
}

// uvarint is binary.Uvarint of a string; the length is 0 when there is none.
func uvarint(s string) (n uint64, length int) {
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		n |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return n, i + 1
		}
	}
	return 0, 0
}
