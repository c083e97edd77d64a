package slacksim

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const uploadPath = "/upload/v1/"

// filesHost is where Slack takes files.
const filesHost = "https://files.slack.com"

// upload is a file on its way into a channel.
type upload struct {
	File
	path   string
	length int
	came   bool // with all its data
	done   bool
}

// uploadURL promises to take a file of so many bytes.
// Source: Slack's documentation, "files.getUploadURLExternal".
func (s *Slack) uploadURL(in args) (object, error) {
	name := in.text("filename")
	length, _ := strconv.Atoi(strings.Trim(string(in["length"]), `"`)) // a form has strings only
	if name == "" || length <= 0 {
		return nil, problem{"missing_argument", "needs a filename and a length"}
	}
	u := &upload{File: File{ID: newID("F"), Name: name}, path: uploadPath + rand.Text(), length: length}
	s.uploads = append(s.uploads, u)
	return object{"upload_url": cmp.Or(s.Base, filesHost) + u.path, "file_id": u.ID}, nil
}

// upload takes a file's bytes, raw or as the first file of a form. Slack
// documents "non-200" for what it refuses: the rest is a choice, also that a URL
// works once.
// Source: Slack's documentation, "files.getUploadURLExternal".
func (s *Slack) upload(r request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.uploads, func(u *upload) bool { return u.path == r.URL.Path && !u.came })
	if i < 0 {
		return refusal(http.StatusNotFound, problem{code: "file_not_found"})
	}
	u := s.uploads[i]
	data, err := uploaded(r)
	switch {
	case r.Method != http.MethodPost || err != nil:
		return refusal(http.StatusBadRequest, problem{code: "invalid_form_data"})
	case len(data) != u.length:
		return refusal(http.StatusBadRequest, problem{"invalid_form_data", fmt.Sprintf("got %d bytes of %d", len(data), u.length)})
	}
	u.Data, u.came = bytes.Clone(data), true
	return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"text/plain"}}, body: fmt.Appendf(nil, "OK - %d", u.length)}
}

// uploaded is a file that a request holds.
func uploaded(r request) ([]byte, error) {
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return r.body, nil
	}
	form := multipart.NewReader(bytes.NewReader(r.body), params["boundary"])
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, err
		}
		if part.FileName() != "" {
			return io.ReadAll(part)
		}
	}
}

// completeUpload shares files in a channel, or leaves them where nobody sees
// them. The app must be in the channel, whatever it may post elsewhere. Several
// channels and blocks are refused: nobody here sends them.
// Source: Slack's documentation, "files.completeUploadExternal"; of channels,
// which it has another code for, the reports slackapi/bolt-js#2115 and
// getnao/nao#1372. Codes of threads are those of messages: a choice.
func (s *Slack) completeUpload(in args) (object, error) {
	if in["channels"] != nil || in["blocks"] != nil {
		return nil, problem{"invalid_arguments", "channels and blocks are not played"}
	}
	channel, m := in.text("channel_id"), some(in.message(), "thread_ts")
	if comment := in.text("initial_comment"); comment != "" {
		m["text"] = comment
	}
	if err := s.mayShare(channel, m); err != nil {
		return nil, err
	}
	shared, err := s.finish(in)
	if err != nil {
		return nil, err
	}
	told := []any{}
	for i := range shared {
		shared[i].Comment = in.text("initial_comment")
		told = append(told, object{"id": shared[i].ID, "name": shared[i].Name, "title": shared[i].Title, "size": len(shared[i].Data)})
	}
	m["files"] = told
	s.note("files.completeUploadExternal", m, object{"channel": channel}, channel != "" && inChannel(channel))
	if channel != "" {
		s.keep(channel, Message{User: Bot, Files: shared}, m)
	}
	return object{"files": told}, nil
}

// mayShare says why files cannot be shared in a channel.
func (s *Slack) mayShare(channel string, m object) error {
	switch {
	case channel == "":
		return nil
	case s.knows(channel):
		return problem{"invalid_arguments", "a file goes to a conversation, not to a user"}
	}
	return cmp.Or(s.mayPost(channel, false), s.inThread(channel, m))
}

// finish ends the uploads that the arguments name, if all came and none has
// ended. A file without a title is called by its name: a choice.
func (s *Slack) finish(in args) ([]File, error) {
	list := in["files"]
	if text := in.text("files"); text != "" {
		list = json.RawMessage(text)
	}
	var asked []struct{ ID, Title string }
	if json.Unmarshal(list, &asked) != nil || len(asked) == 0 {
		return nil, missing("files")
	}
	var ended []*upload
	for _, file := range asked {
		i := slices.IndexFunc(s.uploads, func(u *upload) bool { return u.ID == file.ID && u.came && !u.done })
		if i < 0 {
			return nil, problem{code: "file_not_found"}
		}
		s.uploads[i].Title = cmp.Or(file.Title, s.uploads[i].Name)
		ended = append(ended, s.uploads[i])
	}
	var files []File
	for _, u := range ended {
		u.done = true
		files = append(files, u.File)
	}
	return files, nil
}
