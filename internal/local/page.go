package local

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// assets are the page: plain files, which no build step has touched.
//
//go:embed page
var assets embed.FS

// policy lets the page load its own files, call its own server, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// patience is how long a page may take to send a call, or to read an event.
const patience = 10 * time.Second

// Serve serves the page on a listener of this computer until the context ends.
func (w *World) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: w.page(listener.Addr()), ReadHeaderTimeout: patience}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// page answers the page's calls, and only its own: whoever can make it sign
// requests can ask the CRM. Other pages in the same browser are kept out by Host,
// which names a stranger's after DNS rebinding, and by Origin.
func (w *World) page(at net.Addr) http.Handler {
	hosts := hostsOf(at)
	mux := http.NewServeMux()
	files, _ := fs.Sub(assets, "page") // it is there
	mux.Handle("GET /page/", http.StripPrefix("/page/", http.FileServerFS(files)))
	mux.HandleFunc("GET /favicon.ico", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) }) // the page has its icon in itself
	mux.HandleFunc("GET /{$}", func(rw http.ResponseWriter, r *http.Request) { http.ServeFileFS(rw, r, files, "index.html") })
	mux.HandleFunc("GET /api/events", w.events)
	mux.HandleFunc("GET /api/file/{id}", w.file)
	for name, do := range calls {
		mux.HandleFunc("POST /api/"+name, func(rw http.ResponseWriter, r *http.Request) { w.call(rw, r, do) })
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := isOwn(r, hosts); err != nil {
			http.Error(rw, err.Error(), http.StatusForbidden)
			return
		}
		h := rw.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(rw, r)
	})
}

// hostsOf are the names by which a browser may call an address. It leaves out
// the usual port.
func hostsOf(at net.Addr) (names []string) {
	host, port, _ := net.SplitHostPort(at.String()) // a listener's has one
	for _, host := range []string{host, "localhost", "127.0.0.1", "::1"} {
		name := net.JoinHostPort(host, port)
		names = append(names, name, strings.TrimSuffix(name, ":80"))
	}
	return names
}

// isOwn says why a request is not the page's own.
func isOwn(r *http.Request, hosts []string) error {
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	api := strings.HasPrefix(r.URL.Path, "/api/")
	switch {
	case !slices.Contains(hosts, r.Host):
		return fmt.Errorf("this page answers at http://%s only", hosts[0])
	case origin != "" && origin != "http://"+r.Host, r.Method != http.MethodGet && origin == "", api && site != "" && site != "same-origin":
		return errors.New("this page answers nobody but itself")
	}
	return nil
}

// events tells the page everything, and then what changes.
func (w *World) events(rw http.ResponseWriter, r *http.Request) {
	first, rest, leave := w.listen()
	defer leave()
	rw.Header().Set("Content-Type", "text/event-stream")
	more := true
	for e := first; more && send(rw, e) == nil; {
		select {
		case e, more = <-rest: // without more the page comes again
		case <-r.Context().Done():
			return
		}
	}
}

// send tells a page of an event. One that does not read it in time is given up.
func send(rw http.ResponseWriter, e event) error {
	stream := http.NewResponseController(rw)
	err := stream.SetWriteDeadline(time.Now().Add(patience))
	if err == nil {
		_, err = fmt.Fprintf(rw, "event: %s\ndata: %s\n\n", e.name, e.data)
	}
	return cmp.Or(err, stream.Flush())
}

// file gives a file that was shared, to be saved.
func (w *World) file(rw http.ResponseWriter, r *http.Request) {
	s := w.current()
	if s == nil {
		http.NotFound(rw, r)
		return
	}
	name, data, ok := s.file(r.PathValue("id"))
	if !ok {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Content-Type", "application/octet-stream")
	rw.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_, _ = rw.Write(data) // nobody is left to tell
}

// input has what the calls of the page bring.
type input struct {
	target
	Where   string            `json:"where"`
	Text    string            `json:"text"`
	Option  json.RawMessage   `json:"option"`
	Typed   string            `json:"typed"`
	Values  map[string]string `json:"values"`
	ID      string            `json:"id"`
	Do      string            `json:"do"`
	Job     string            `json:"job"`
	Asker   string            `json:"asker"`
	Day     string            `json:"day"`
	Advance int64             `json:"advance"` // in seconds
	Play    string            `json:"organisation"`
}

// maxCall bounds what a call of the page sets off, such as an audit.
const maxCall = 5 * time.Minute

// maxInput is more than anything that the page sends.
const maxInput = 64 << 10

// calls are what POST /api/NAME does. What one gives is the answer's body; nil
// stands for {}.
var calls = map[string]func(ctx context.Context, w *World, s *scene, in input) (any, error){
	"type": func(ctx context.Context, _ *World, s *scene, in input) (any, error) {
		return nil, s.typed(ctx, in.Where, in.Text)
	},
	"use": func(ctx context.Context, _ *World, s *scene, in input) (any, error) {
		return nil, s.use(ctx, in.target, in.Option)
	},
	"suggest": func(ctx context.Context, _ *World, s *scene, in input) (any, error) {
		return s.suggest(ctx, in.target, in.Typed)
	},
	"submit": func(ctx context.Context, _ *World, s *scene, in input) (any, error) {
		wrong, err := s.submit(ctx, in.View, in.Values)
		return map[string]any{"errors": wrong}, err
	},
	"close": func(_ context.Context, _ *World, s *scene, in input) (any, error) {
		s.closeModal(in.View)
		return nil, nil
	},
	"shortcut": func(ctx context.Context, _ *World, s *scene, in input) (any, error) {
		return nil, s.shortcut(ctx, in.ID, in.Entry)
	},
	"home": func(ctx context.Context, _ *World, s *scene, _ input) (any, error) {
		return nil, s.openHome(ctx)
	},
	"people": func(ctx context.Context, _ *World, s *scene, in input) (any, error) {
		return map[string]any{"people": s.people(ctx, in.Typed)}, nil
	},
	"person": func(_ context.Context, _ *World, s *scene, in input) (any, error) {
		return map[string]string{"note": "The bot hears of it with the next sync of the list of people, or when it asks Zoho anew."}, s.person(change{in.ID, in.Do})
	},
	"job": func(ctx context.Context, w *World, s *scene, in input) (any, error) {
		defer w.tellState(s)
		return nil, s.job(ctx, in.Job)
	},
	"world": control,
}

// control changes one thing of the world.
func control(ctx context.Context, w *World, s *scene, in input) (any, error) {
	switch {
	case in.Play != "":
		return nil, w.play(in.Play)
	case in.Asker != "":
		return nil, w.ask(s, in.Asker)
	case in.Day != "":
		defer w.tellState(s)
		return nil, s.setDay(ctx, in.Day)
	}
	defer w.tellState(s)
	return nil, s.advance(ctx, in.Advance)
}

// call answers a call of the page. What it does goes on when the page is closed
// meanwhile, as Slack goes on, and ends with the scene.
func (w *World) call(rw http.ResponseWriter, r *http.Request, do func(context.Context, *World, *scene, input) (any, error)) {
	var in input
	var out any
	var err error
	s := w.current()
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case kind != "application/json":
		err = errors.New("send JSON")
	case s == nil:
		err = errBusy
	default:
		in, err = read(rw, r)
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(s.life, maxCall)
		defer cancel()
		out, err = do(ctx, w, s, in)
		if s.meet() {
			w.tellState(s)
		}
	}
	status := http.StatusOK
	if err != nil {
		status, out = http.StatusBadRequest, map[string]string{"error": err.Error()}
	}
	if out == nil {
		out = map[string]any{}
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(out) // nobody is left to tell
}

// read reads what a call brings.
func read(rw http.ResponseWriter, r *http.Request) (in input, err error) {
	body := http.NewResponseController(rw)
	err = body.SetReadDeadline(time.Now().Add(patience))
	if err == nil {
		err = json.NewDecoder(http.MaxBytesReader(rw, r.Body, maxInput)).Decode(&in)
	}
	if err = cmp.Or(err, body.SetReadDeadline(time.Time{})); err != nil {
		err = errors.New("the call cannot be read, or is too long")
	}
	return in, err
}
