package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"crmwho/internal/bot"
	"crmwho/internal/slackfmt"
)

var update = flag.Bool("update", false, "rewrite slack-manifest.yaml")

// placeholder is where no bot is.
const placeholder = "https://example.invalid"

func manifestOf(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, err := run(t, t.Context(), "", append([]string{"manifest"}, args...)...)
	if err != nil || errs != "" {
		t.Fatalf("got %s, %v", errs, err)
	}
	return out
}

// parsed reads YAML, of which JSON is a part.
func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	var content map[string]any
	if err := yaml.Unmarshal([]byte(text), &content); err != nil {
		t.Fatal(err)
	}
	return content
}

// at goes down a parsed manifest by keys.
func at[T any](t *testing.T, content any, keys ...string) T {
	t.Helper()
	for _, key := range keys {
		content = content.(map[string]any)[key]
	}
	found, ok := content.(T)
	if !ok {
		t.Fatalf("%v: got %T", keys, content)
	}
	return found
}

// TestManifestInTheRepository: make golden rewrites it.
func TestManifestInTheRepository(t *testing.T) {
	const file = "../../slack-manifest.yaml"
	got := manifestOf(t, "--url", placeholder)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%v; got\n%s\nwant\n%s", err, got, want)
	}
}

// TestManifestHasAllThatTheBotAnswers, at the paths where it answers.
func TestManifestHasAllThatTheBotAnswers(t *testing.T) {
	m := parsed(t, manifestOf(t, "--url", "https://bot.example:8443/"))
	var commands []slackfmt.Command
	for _, c := range at[[]any](t, m, "features", "slash_commands") {
		hint, _ := c.(map[string]any)["usage_hint"].(string)
		commands = append(commands, slackfmt.Command{Name: at[string](t, c, "command"), Description: at[string](t, c, "description"), Hint: hint})
		if url := at[string](t, c, "url"); url != "https://bot.example:8443"+bot.CommandsPath || !at[bool](t, c, "should_escape") {
			t.Errorf("%v: got %s", c, url)
		}
	}
	if !slices.Equal(commands, slackfmt.Commands()) {
		t.Errorf("got %v, want %v", commands, slackfmt.Commands())
	}
	var shortcuts []string
	for _, s := range at[[]any](t, m, "features", "shortcuts") {
		shortcuts = append(shortcuts, at[string](t, s, "type")+" "+at[string](t, s, "callback_id"))
	}
	if want := []string{"global " + slackfmt.CallbackFind, "message " + slackfmt.CallbackAuthor}; !slices.Equal(shortcuts, want) {
		t.Errorf("got %v, want %v", shortcuts, want)
	}
	for key, path := range map[string]string{
		"event_subscriptions/request_url": bot.EventsPath,
		"interactivity/request_url":       bot.InteractivityPath, "interactivity/message_menu_options_url": bot.InteractivityPath,
	} {
		if got, want := at[string](t, m["settings"], strings.Split(key, "/")...), "https://bot.example:8443"+path; got != want {
			t.Errorf("%s: got %s, want %s", key, got, want)
		}
	}
	if got := at[[]any](t, m, "settings", "event_subscriptions", "bot_events"); !reflect.DeepEqual(got, []any{"app_home_opened"}) {
		t.Errorf("got the events %v", got)
	}
}

// TestManifestSettings: what would not work otherwise, or could not be undone.
func TestManifestSettings(t *testing.T) {
	m := parsed(t, manifestOf(t, "--url", placeholder))
	for path, want := range map[string]bool{
		"settings/interactivity/is_enabled": true, "settings/org_deploy_enabled": true, "features/app_home/home_tab_enabled": true,
		"settings/socket_mode_enabled": false, "settings/token_rotation_enabled": false, "features/app_home/messages_tab_enabled": false,
	} {
		if got := at[bool](t, m, strings.Split(path, "/")...); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

// TestManifestScopes: the least, each with its reason, and the optional ones
// in both lists, as Slack wants them.
// Source: Slack's documentation, "Installing with OAuth".
func TestManifestScopes(t *testing.T) {
	var m struct {
		OAuth struct {
			Scopes map[string]yaml.Node `yaml:"scopes"`
		} `yaml:"oauth_config"`
	}
	if err := yaml.Unmarshal([]byte(manifestOf(t, "--url", placeholder)), &m); err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for list, scopes := range m.OAuth.Scopes {
		for _, s := range scopes.Content {
			got[list] = append(got[list], s.Value)
			if optional := list == "bot_optional"; len(s.LineComment) < 20 || strings.HasPrefix(s.LineComment, "# without it: ") != optional {
				t.Errorf("%s in %s: got the comment %q", s.Value, list, s.LineComment)
			}
		}
	}
	want := map[string][]string{
		"bot":          {"commands", "users:read", "users:read.email", "usergroups:read", "chat:write", "chat:write.public", "files:write", "channels:read", "groups:read"},
		"bot_optional": {"users:read", "users:read.email", "usergroups:read", "chat:write", "chat:write.public", "files:write", "channels:read", "groups:read"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestManifestAsJSON(t *testing.T) {
	text := manifestOf(t, "--url", placeholder, "--json")
	if !json.Valid([]byte(text)) || strings.Contains(text, `\u00`) {
		t.Errorf("got %s", text)
	}
	if want := parsed(t, manifestOf(t, "--url", placeholder)); !reflect.DeepEqual(parsed(t, text), want) {
		t.Errorf("got %s, want %v", text, want)
	}
}

func TestManifestTakesAnAddressThatSlackCanCall(t *testing.T) {
	for _, address := range []string{
		"", "bot.example", "http://bot.example", "http://127.0.0.1:8080", "https://", "https:///", "https://:443", "ftp://bot.example",
		"https://bot.example/prod", "https://bot.example//", "https://bot.example?a=b", "https://bot.example#a", "https://user:secret@bot.example",
		"https://bot example", "https://bot.example\"", "https://bot.example\nx", "https://bot.example\n", " https://bot.example", "https://bot.example:port",
		"https://" + strings.Repeat("a", 254),
	} {
		if out, _, err := run(t, t.Context(), "", "manifest", "--url", address); err == nil || out != "" || !strings.Contains(err.Error(), "https:// and a host") {
			t.Errorf("%q: got %q, %v", address, out, err)
		}
	}
	if _, _, err := run(t, t.Context(), "", "manifest"); err == nil {
		t.Error("no address was accepted")
	}
}

// TestManifestKeepsToSlacksLimits, with the longest address there can be too.
func TestManifestKeepsToSlacksLimits(t *testing.T) {
	for _, address := range []string{placeholder, "https://" + strings.Repeat("a", 253) + ":65535"} {
		for _, problem := range problems("", parsed(t, manifestOf(t, "--url", address))) {
			t.Error(problem)
		}
	}
}

// TestLimitsAreChecked, so that no problem means something.
func TestLimitsAreChecked(t *testing.T) {
	good := manifestOf(t, "--url", placeholder)
	for change, with := range map[string]string{
		"name: crmwho":                  "name: " + strings.Repeat("c", 36),
		"description: Who is who":       "description: " + strings.Repeat("Who is who", 15),
		"background_color: \"#1f4e79\"": "background_color: blue",
		"display_name: crmwho":          "display_name: \"\"",
		"features:":                     "icon: none\nfeatures:",
		"- command: \"/crmuser\"":       "- command: \"crmuser\"",
		"description: \"":               "title: \"",
		"name: Find a person":           "name: Find a person whom I look for",
		"type: global":                  "type: everywhere",
		"is_enabled: true":              "is_enabled: \"true\"",
		"request_url: \"https://":       "request_url: \"",
		"usage_hint: \"":                "usage_hint: \"" + strings.Repeat("x", 1000),
	} {
		bad := strings.Replace(good, change, with, 1)
		if bad == good || len(problems("", parsed(t, bad))) == 0 {
			t.Errorf("%s instead of %s is no problem", with, change)
		}
	}
	many := map[string]any{}
	for range 51 {
		list, _ := many["slash_commands"].([]any)
		many["slash_commands"] = append(list, map[string]any{"command": "/crmuser", "description": "d"})
	}
	if got := problems("features", many); len(got) != 1 {
		t.Errorf("51 commands: got %v", got)
	}
}

// limit is what Slack takes at a place of the manifest.
type limit struct {
	min, max int            // of an object: unused; of a list: items; of a text: characters
	pattern  *regexp.Regexp // of a text; nil: any
	keys     string         // of an object: those that may be in it, the required ones with an exclamation mark
	truth    bool           // yes or no
}

func text(min, max int, pattern string) limit {
	return limit{min: min, max: max, pattern: regexp.MustCompile(pattern)}
}

var (
	flagLimit = limit{truth: true}
	urlLimit  = text(1, 3500, `^https?://`)
)

// limits are those of the JSON schema of app manifests, version 1, by path. An
// item of a list has the path of the list and [].
// Source: github.com/slackapi/manifest-schema.
var limits = map[string]limit{
	"":                                     {keys: "_metadata display_information! features oauth_config settings"},
	"display_information":                  {keys: "name! description long_description background_color"},
	"display_information.name":             text(1, 35, ``),
	"display_information.description":      text(1, 140, ``),
	"display_information.long_description": text(175, 4000, ``),
	"display_information.background_color": text(4, 7, `^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$`),

	"features":                           {keys: "app_home bot_user shortcuts slash_commands"},
	"features.bot_user":                  {keys: "display_name! always_online"},
	"features.bot_user.display_name":     text(1, 80, ``),
	"features.bot_user.always_online":    flagLimit,
	"features.app_home":                  {keys: "home_tab_enabled messages_tab_enabled messages_tab_read_only_enabled"},
	"features.app_home.home_tab_enabled": flagLimit, "features.app_home.messages_tab_enabled": flagLimit, "features.app_home.messages_tab_read_only_enabled": flagLimit,
	"features.slash_commands":                 {min: 1, max: 50},
	"features.slash_commands[]":               {keys: "command! url description! usage_hint should_escape"},
	"features.slash_commands[].command":       text(2, 32, `^/`),
	"features.slash_commands[].url":           text(1, 3000, `^https?://`),
	"features.slash_commands[].description":   text(1, 2000, ``),
	"features.slash_commands[].usage_hint":    text(1, 1000, ``),
	"features.slash_commands[].should_escape": flagLimit,
	"features.shortcuts":                      {min: 1, max: 10},
	"features.shortcuts[]":                    {keys: "name! type! callback_id! description!"},
	"features.shortcuts[].name":               text(1, 24, ``),
	"features.shortcuts[].type":               text(1, 10, `^(message|global)$`),
	"features.shortcuts[].callback_id":        text(1, 255, ``),
	"features.shortcuts[].description":        text(1, 150, ``),

	"oauth_config":                       {keys: "redirect_urls scopes token_management_enabled pkce_enabled"},
	"oauth_config.scopes":                {keys: "bot user bot_optional user_optional"},
	"oauth_config.scopes.bot":            {max: 255},
	"oauth_config.scopes.bot[]":          text(1, 50, ``),
	"oauth_config.scopes.bot_optional":   {max: 255},
	"oauth_config.scopes.bot_optional[]": text(1, 50, ``),

	"settings":                                        {keys: "allowed_ip_address_ranges event_subscriptions interactivity org_deploy_enabled socket_mode_enabled token_rotation_enabled"},
	"settings.event_subscriptions":                    {keys: "request_url bot_events user_events"},
	"settings.event_subscriptions.request_url":        urlLimit,
	"settings.event_subscriptions.bot_events":         {max: 100},
	"settings.event_subscriptions.bot_events[]":       text(1, 50, ``),
	"settings.interactivity":                          {keys: "is_enabled! request_url message_menu_options_url"},
	"settings.interactivity.is_enabled":               flagLimit,
	"settings.interactivity.request_url":              urlLimit,
	"settings.interactivity.message_menu_options_url": urlLimit,
	"settings.org_deploy_enabled":                     flagLimit, "settings.socket_mode_enabled": flagLimit, "settings.token_rotation_enabled": flagLimit,
}

// problems are where a value is beyond its limits. One without limits is one.
func problems(path string, value any) []string {
	l, known := limits[path]
	if !known {
		return []string{path + " is not known"}
	}
	var found []string
	fits := false
	switch v := value.(type) {
	case map[string]any:
		fits = l.keys != ""
		found = l.objectProblems(path, v)
	case []any:
		fits = l.pattern == nil && l.min <= len(v) && len(v) <= l.max
		for _, item := range v {
			found = append(found, problems(path+"[]", item)...)
		}
	case string:
		length := utf8.RuneCountInString(v)
		fits = l.pattern != nil && l.min <= length && length <= l.max && l.pattern.MatchString(v)
	case bool:
		fits = l.truth
	}
	if !fits {
		found = append(found, fmt.Sprintf("%s: got %.80v", path, value))
	}
	return found
}

func (l limit) objectProblems(path string, object map[string]any) (found []string) {
	for _, key := range strings.Fields(l.keys) {
		name, must := strings.CutSuffix(key, "!")
		if _, given := object[name]; must && !given {
			found = append(found, path+" lacks "+name)
		}
	}
	for key, value := range object {
		if !slices.ContainsFunc(strings.Fields(l.keys), func(k string) bool { return strings.TrimSuffix(k, "!") == key }) {
			found = append(found, path+" may not have "+key)
			continue
		}
		found = append(found, problems(strings.TrimPrefix(path+"."+key, "."), value)...)
	}
	return found
}
