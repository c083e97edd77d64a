package zoho

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// reader walks through a reply, value by value. The first fault ends it: from
// then on every value is empty, and err says why. Values of an unexpected kind
// are empty too. Keys match to the letter as they were sent; of a key that comes
// twice the last one counts. It is written for speed where a page of users
// passes: see BenchmarkDecodePage.
type reader struct {
	dec   *jsontext.Decoder
	err   error
	name  []byte          // of the value that is next, after key; until that is read
	texts strings.Builder // room for what text reads
	seen  *seen
}

// seen is what was read before: the same few words, roles and profiles stand
// on every user.
type seen struct {
	words [256]string
	refs  map[string]Ref // by their JSON
}

// newReader takes the text of a reply; nothing that is read refers to it.
func newReader(text []byte) *reader { return newReaderOf(text, &seen{refs: map[string]Ref{}}) }

func newReaderOf(text []byte, s *seen) *reader {
	options := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	return &reader{dec: jsontext.NewDecoder(bytes.NewBuffer(text), options...), seen: s}
}

// object begins an object, whose values are to be read for as long as key gives
// another one. It reports whether there is an object, and skips what is none.
func (r *reader) object() bool { return r.begins(jsontext.KindBeginObject) }

// array begins an array, whose elements are to be read for as long as more
// reports another one. It reports whether there is an array, and skips what is none.
func (r *reader) array() bool { return r.begins(jsontext.KindBeginArray) }

func (r *reader) begins(kind jsontext.Kind) bool {
	if r.err != nil {
		return false
	}
	if r.dec.PeekKind() != kind {
		r.err = r.dec.SkipValue()
		return false
	}
	_, r.err = r.dec.ReadToken()
	return r.err == nil
}

// key reads the name of the value that follows, or ends the object.
func (r *reader) key() bool {
	if r.err != nil {
		return false
	}
	if r.dec.PeekKind() == jsontext.KindEndObject {
		_, r.err = r.dec.ReadToken()
		return false
	}
	quoted, err := r.dec.ReadValue()
	if err != nil {
		r.err = err
		return false
	}
	r.name = quoted[1 : len(quoted)-1]
	return true
}

// more reports whether an element follows, or ends the array.
func (r *reader) more() bool {
	if r.err != nil {
		return false
	}
	if r.dec.PeekKind() == jsontext.KindEndArray {
		_, r.err = r.dec.ReadToken()
		return false
	}
	return true
}

// end fails unless the reply ends here.
func (r *reader) end() {
	if r.err != nil {
		return
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		r.err = errors.New("more than one value")
	}
}

func (r *reader) skip() {
	if r.err == nil {
		r.err = r.dec.SkipValue()
	}
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// value is the next value as it was sent, valid until the one after it is read;
// nil after a fault.
func (r *reader) value() jsontext.Value {
	if r.err != nil {
		return nil
	}
	v, err := r.dec.ReadValue()
	r.err = err
	return v
}

// raw is any value as it was sent; nil when it is empty or there is none.
func (r *reader) raw() []byte {
	v := r.value()
	if len(v) <= len("{}") || v.Kind() == jsontext.KindNull {
		return nil
	}
	return bytes.Clone(v)
}

// scalar is a string, or a number or truth value by its digits or word: Zoho
// sends some numbers as text and some text as numbers. It is valid until the
// next value is read.
func (r *reader) scalar() []byte {
	v := r.value()
	if len(v) == 0 {
		return nil
	}
	switch v[0] {
	case '"':
		return unquoted(v)
	case '{', '[', 'n':
		return nil
	}
	return v
}

// unquoted is the text of a JSON string. What is not UTF-8 is replaced.
func unquoted(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	for _, c := range inner {
		if c == '\\' || c >= utf8.RuneSelf {
			inner, _ = jsontext.AppendUnquote(nil, quoted)
			return inner
		}
	}
	return inner
}

// text reads a text. Those of a page stand together in memory: it is as one that
// they are kept, and one by one they would cost more than their reading.
func (r *reader) text() string {
	b := r.scalar()
	if len(b) > r.texts.Cap()-r.texts.Len() {
		r.texts = strings.Builder{} // what stands in the old one stays there
		r.texts.Grow(max(len(b), 4<<10))
	}
	start := r.texts.Len()
	r.texts.Write(b)
	return r.texts.String()[start:]
}

// quoted reads a text that is sent as one: anything else is none.
func (r *reader) quoted() string {
	v := r.value()
	if len(v) == 0 || v[0] != '"' {
		return ""
	}
	return string(unquoted(v))
}

// word reads a text that is likely to come again, and then is not copied anew.
func (r *reader) word() string {
	b := r.scalar()
	if len(b) == 0 {
		return ""
	}
	slot := &r.seen.words[(len(b)+5*int(b[0])+11*int(b[len(b)-1]))%len(r.seen.words)]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}

// number reads a whole number, or -1 when there is none.
func (r *reader) number() int {
	n, err := strconv.Atoi(r.text())
	if err != nil {
		return -1
	}
	return n
}

// instant reads an ISO 8601 time with its offset, such as 2023-04-12T02:08:05-07:00.
func (r *reader) instant() time.Time {
	var t time.Time
	if t.UnmarshalText(r.scalar()) != nil {
		return time.Time{}
	}
	return t
}

// ref reads what names another record.
func (r *reader) ref() Ref {
	v := r.value()
	if len(v) == 0 || v[0] != '{' {
		return Ref{}
	}
	ref, known := r.seen.refs[string(v)]
	if !known {
		ref.read(newReaderOf(v, r.seen))
		r.seen.refs[string(v)] = ref
	}
	return ref
}

// read reads id and name. Territories write Name.
func (ref *Ref) read(r *reader) {
	if r.object() {
		for r.key() {
			switch string(r.name) {
			case "id":
				ref.ID = r.word()
			case "name", "Name":
				ref.Name = r.word()
			default:
				r.skip()
			}
		}
	}
}

// list reads an array, for which room is made; nil when there is none.
func list[T any](r *reader, room int, element func(*T, *reader)) []T {
	if !r.array() {
		return nil
	}
	all := make([]T, 0, room)
	for r.more() {
		var none T
		all = append(all, none)
		element(&all[len(all)-1], r)
	}
	return all
}
