package slacksim

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const apiPath = "/api/"

// Codes of a trigger that cannot be used, as the documentation of triggers has
// them. That of views.open has expired_trigger_id and exchanged_trigger_id: an
// app should know both.
const (
	triggerExpired   = "trigger_expired"
	triggerExchanged = "trigger_exchanged"
	triggerInvalid   = "invalid_trigger_id"
)

// method is one of the Web API's. It is called with the lock held.
type method struct {
	scope string // that the token needs; empty: none
	call  func(*Slack, args) (object, error)
	reads bool // and takes a GET too
}

// methods of the Web API.
// Source: Slack's documentation, "Web API methods".
var methods = map[string]method{
	"auth.test":                    {"", (*Slack).authTest, false},
	"views.open":                   {"", (*Slack).viewsOpen, false},
	"views.update":                 {"", (*Slack).viewsUpdate, false},
	"views.publish":                {"", (*Slack).viewsPublish, false},
	"users.info":                   {"users:read", (*Slack).usersInfo, true},
	"usergroups.users.list":        {"usergroups:read", (*Slack).groupMembers, true},
	"chat.postMessage":             {"chat:write", (*Slack).postMessage, false},
	"chat.postEphemeral":           {"chat:write", (*Slack).postEphemeral, false},
	"chat.update":                  {"chat:write", (*Slack).update, false},
	"chat.getPermalink":            {"", (*Slack).permalink, true},
	"conversations.info":           {"", (*Slack).conversation, true},
	"files.getUploadURLExternal":   {"files:write", (*Slack).uploadURL, false},
	"files.completeUploadExternal": {"files:write", (*Slack).completeUpload, false},
}

// appScopes are those that the app's manifest asks for.
var appScopes = []string{
	"commands", "users:read", "users:read.email", "usergroups:read", "chat:write", "chat:write.public", "files:write",
	"channels:read", "groups:read",
}

// api answers a call of the Web API. Refusals come at HTTP 200. Where the token is
// good, the answer's header has its scopes.
// Source: Slack's documentation, "Installing with OAuth", of scopes.
func (s *Slack) api(r request) answer {
	a, authorised := s.call(r)
	if authorised {
		a.header.Set("X-OAuth-Scopes", strings.Join(s.scopes(), ","))
	}
	return a
}

func (s *Slack) call(r request) (a answer, authorised bool) {
	m, known := methods[strings.TrimPrefix(r.URL.Path, apiPath)]
	if !known {
		return refusal(http.StatusOK, problem{code: "unknown_method"}), false
	}
	in, err := argsOf(r, m.reads)
	if err == nil {
		err = s.authorise(r, in)
	}
	if err != nil {
		return refusal(http.StatusOK, problemOf(err)), false
	}
	if m.scope != "" && !s.has(m.scope) {
		return s.lacking(m.scope), true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out, err := m.call(s, in)
	if p, ok := errors.AsType[problem](err); ok && p.code == missingScope {
		return s.lacking(p.why), true
	}
	if err != nil {
		return refusal(http.StatusOK, problemOf(err)), true
	}
	out["ok"] = true
	return encoded(http.StatusOK, out), true
}

const missingScope = "missing_scope"

// lacking says that the token lacks a scope.
func (s *Slack) lacking(scope string) answer {
	a := encoded(http.StatusOK, object{
		"ok": false, "error": missingScope, "needed": scope, "provided": strings.Join(s.scopes(), ","),
	})
	a.code = missingScope
	return a
}

// scopes are those that the token has.
func (s *Slack) scopes() []string {
	if s.Scopes == nil {
		return appScopes
	}
	return s.Scopes
}

// has reports whether the token has a scope.
func (s *Slack) has(scope string) bool { return slices.Contains(s.scopes(), scope) }

// args are a call's arguments, each as JSON. What a method does not know it
// ignores, as Slack does.
type args map[string]json.RawMessage

// argsOf reads arguments from a form or from JSON, or from the query of a GET of
// what only reads.
func argsOf(r request, reads bool) (args, error) {
	in := args{}
	switch {
	case r.Method == http.MethodGet && reads:
		for name, values := range r.URL.Query() {
			in[name], _ = json.Marshal(values[0])
		}
		delete(in, "token") // Slack takes none from there
		return in, nil
	case r.Method != http.MethodPost:
		return nil, problem{"invalid_arguments", "send a POST"}
	}
	switch kind := contentType(r.Header); kind {
	case "application/json":
		if err := json.Unmarshal(r.body, &in); err != nil {
			return nil, problem{"invalid_json", err.Error()}
		}
		delete(in, "token") // Slack takes none from JSON
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(r.body))
		if err != nil {
			return nil, problem{"invalid_form_data", "the form cannot be read"}
		}
		for name := range form {
			in[name], _ = json.Marshal(form.Get(name)) // a string cannot fail
		}
	case "":
		return nil, problem{code: "missing_post_type"}
	default:
		return nil, problem{"invalid_post_type", kind}
	}
	return in, nil
}

// text is an argument that is a string; empty if it is missing or is none.
func (in args) text(name string) (s string) {
	_ = json.Unmarshal(in[name], &s)
	return s
}

// view is the view argument: an object, or a string that holds one.
func (in args) view() (json.RawMessage, error) {
	view := in["view"]
	if s := in.text("view"); s != "" {
		view = json.RawMessage(s)
	}
	if len(view) == 0 {
		return nil, missing("view")
	}
	if err := CheckView(view); err != nil {
		return nil, problem{"invalid_arguments", err.Error()}
	}
	return view, nil
}

func missing(name string) error {
	return problem{"invalid_arguments", "missing required field: " + name}
}

func (s *Slack) authorise(r request, in args) error {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		token = in.text("token")
	}
	switch {
	case token == "":
		return problem{code: "not_authed"}
	case token != s.BotToken:
		return problem{code: "invalid_auth"}
	}
	return nil
}

// workspace is where people find it.
const workspace = "https://sample-team.slack.com/"

func (s *Slack) authTest(args) (object, error) {
	return object{
		"url": workspace, "team": "Sample Team", "team_id": Team,
		"user": "sample-bot", "user_id": Bot, "bot_id": botID, "is_enterprise_install": false,
	}, nil
}

// knows reports whether a user is the sample user, a person, a guest or a member
// of a group.
func (s *Slack) knows(id string) bool {
	_, known := s.People[id]
	_, guest := s.Guests[id]
	for _, members := range s.Groups {
		known = known || slices.Contains(members, id)
	}
	return known || guest || id == User
}

// Meet makes these the people whom this Slack knows, beside its guests and the
// members of its groups. It may be called at any time; the map People is no
// longer the caller's to read or change then.
func (s *Slack) Meet(people map[string]Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.People = maps.Clone(people)
}

// usersInfo tells of everybody whom this Slack knows.
// Source: Slack's documentation, "users.info" and "User object".
func (s *Slack) usersInfo(in args) (object, error) {
	id := in.text("user")
	if id == "" {
		return nil, missing("user")
	}
	if !s.knows(id) {
		return nil, problem{code: "user_not_found"}
	}
	guest, is := s.Guests[id], s.People[id]
	full, short := cmp.Or(is.Name, "Sample User"), cmp.Or(is.Name, sampleName)
	profile := object{"real_name": full, "display_name": short}
	if is.Email != "" && s.has("users:read.email") {
		profile["email"] = is.Email
	}
	user := object{
		"id": id, "team_id": Team, "name": short, "real_name": full, "deleted": is.Deleted, "is_bot": is.Bot,
		"is_restricted":       guest == "multi" || guest == "single",
		"is_ultra_restricted": guest == "single",
		"is_stranger":         guest == "stranger",
		"profile":             profile,
	}
	maps.Copy(user, is.zone(time.Now()))
	return object{"user": user}, nil
}

// zone is what Slack tells of where a person is. The label is short, where
// Slack's are long.
func (p Person) zone(now time.Time) object {
	if p.TimeZone == "" {
		return nil
	}
	zone := object{"tz": p.TimeZone}
	if at, err := time.LoadLocation(p.TimeZone); err == nil {
		zone["tz_label"], zone["tz_offset"] = now.In(at).Zone()
	}
	return zone
}

func (s *Slack) groupMembers(in args) (object, error) {
	id := in.text("usergroup")
	if id == "" {
		return nil, missing("usergroup")
	}
	members, known := s.Groups[id]
	if !known {
		return nil, problem{code: "no_such_subteam"}
	}
	return object{"users": append([]string{}, members...)}, nil
}

// trigger is good for one use within three seconds.
type trigger struct {
	made time.Time
	used bool
}

// triggerLife is how long a trigger is good.
// Source: Slack's documentation, "Handling user interaction".
const triggerLife = 3 * time.Second

func (s *Slack) newTrigger() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.triggers == nil {
		s.triggers = map[string]*trigger{}
	}
	id := newTrigger()
	s.triggers[id] = &trigger{made: time.Now()}
	return id
}

// exchange uses a trigger up.
func (s *Slack) exchange(id string) error {
	t := s.triggers[id]
	switch {
	case t == nil:
		return problem{code: triggerInvalid}
	case t.used:
		return problem{code: triggerExchanged}
	case time.Since(t.made) >= triggerLife:
		return problem{code: triggerExpired}
	}
	t.used = true
	return nil
}

// view is what Slack shows of a modal or a Home tab.
type view struct {
	is object // with id and hash
}

// Close closes a modal, as a person does: it is no longer open. The app does not
// hear of it, also where a view has notify_on_close: no view_closed is played.
func (s *Slack) Close(viewID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.views[viewID]; v != nil && v.is["type"] == "modal" {
		delete(s.views, viewID)
	}
}

func newHash() string { return fmt.Sprintf("%d.%s", time.Now().Unix(), rand.Text()[:8]) }

// show makes a checked view the one that has this id, and gives it as Slack
// tells it.
func (s *Slack) show(id string, asked json.RawMessage) object {
	v := object{
		"private_metadata": "", "callback_id": "", "external_id": "", "clear_on_close": false, "notify_on_close": false,
		"close": nil, "submit": nil, "previous_view_id": nil,
	}
	_ = json.Unmarshal(asked, &v) // it has been checked
	fill(v)
	if old := s.views[id]; old != nil {
		keepState(old.is, v)
	}
	v["id"], v["root_view_id"], v["hash"] = id, id, newHash()
	v["team_id"], v["app_id"], v["app_installed_team_id"], v["bot_id"] = Team, App, Team, botID
	if s.views == nil {
		s.views = map[string]*view{}
	}
	s.views[id] = &view{v}
	return v
}

// posted shows a view and notes it.
func (s *Slack) posted(via, to, id string, asked json.RawMessage) (object, error) {
	s.posts = append(s.posts, Post{At: time.Now(), Via: via, To: to, Body: asked})
	return object{"view": s.show(id, asked)}, nil
}

// viewsOpen uses up a trigger also when it refuses the view: a choice.
func (s *Slack) viewsOpen(in args) (object, error) {
	id := in.text("trigger_id")
	if id == "" {
		return nil, missing("trigger_id")
	}
	if err := s.exchange(id); err != nil {
		return nil, err
	}
	asked, err := in.viewOf("modal")
	if err != nil {
		return nil, err
	}
	id = newID("V")
	return s.posted("views.open", id, id, asked)
}

func (s *Slack) viewsUpdate(in args) (object, error) {
	id := in.text("view_id")
	if external := in.text("external_id"); id == "" && external != "" {
		for at, v := range s.views {
			if v.is["external_id"] == external {
				id = at
			}
		}
	} else if (id == "") == (external == "") {
		return nil, problem{"invalid_arguments", "needs either view_id or external_id"}
	}
	shown := s.views[id]
	if shown == nil {
		return nil, problem{code: "not_found"}
	}
	asked, err := in.viewOf(fmt.Sprint(shown.is["type"]))
	if err != nil {
		return nil, err
	}
	if hash := in.text("hash"); hash != "" && hash != shown.is["hash"] {
		return nil, problem{code: "hash_conflict"}
	}
	return s.posted("views.update", id, id, asked)
}

func (s *Slack) viewsPublish(in args) (object, error) {
	user := in.text("user_id")
	if user == "" {
		return nil, missing("user_id")
	}
	asked, err := in.viewOf("home")
	if err != nil {
		return nil, err
	}
	id := HomeTab(user)
	if hash := in.text("hash"); hash != "" && (s.views[id] == nil || hash != s.views[id].is["hash"]) {
		return nil, problem{code: "hash_conflict"}
	}
	return s.posted("views.publish", user, id, asked)
}

// viewOf is the view argument, which must be of the type.
func (in args) viewOf(kind string) (json.RawMessage, error) {
	asked, err := in.view()
	if err != nil {
		return nil, err
	}
	var v struct{ Type string }
	_ = json.Unmarshal(asked, &v)
	if v.Type != kind {
		return nil, problem{"invalid_arguments", cmp.Or(v.Type, "the view") + " is not of the type " + kind}
	}
	return asked, nil
}
