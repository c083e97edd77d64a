package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crmwho/internal/slackfmt"
)

// Audience is who may use a group of commands. Its zero value is nobody.
type Audience struct {
	Everyone bool     // in the workspaces that the bot serves
	Channels []string // whoever asks in one of these, by id: C… or G…
	Users    []string // these people, by id: U… or W…
	Groups   []string // the members of these user groups, by id: S…
	NoGuests bool     // guests may not, unless Users names them
}

// ParseAudience reads "everyone", "nobody", or ids of channels, people and user
// groups with commas between them, of which one has to fit. "no-guests" among
// them keeps out guests and people of other organisations.
func ParseAudience(text string) (Audience, error) {
	var a Audience
	var nobody, some bool
	for _, word := range listed(text) {
		switch {
		case word == "everyone":
			a.Everyone = true
		case word == "nobody":
			nobody = true
		case word == "no-guests":
			a.NoGuests = true
		case slackfmt.IsID(word, "CG"):
			a.Channels, some = append(a.Channels, word), true
		case slackfmt.IsID(word, "UW"):
			a.Users, some = append(a.Users, word), true
		case slackfmt.IsID(word, "S"):
			a.Groups, some = append(a.Groups, word), true
		default:
			return Audience{}, fmt.Errorf("%q is neither everyone, nobody or no-guests nor the id of a channel (C…), a person (U…) or a user group (S…)", word)
		}
	}
	switch {
	case nobody && (some || a.Everyone || a.NoGuests):
		return Audience{}, errors.New("nobody stands alone")
	case a.Everyone && some:
		return Audience{}, errors.New("everyone needs no ids beside it")
	case !nobody && !some && !a.Everyone:
		return Audience{}, errors.New("no-guests needs everyone, or ids, beside it")
	}
	return a, nil
}

// nobody reports whether an audience is empty.
func (a Audience) nobody() bool {
	return !a.Everyone && len(a.Channels)+len(a.Users)+len(a.Groups) == 0
}

// listed are the parts of a text with commas between them.
func listed(text string) []string {
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// Access is who may ask what. Its zero value lets nobody ask anything.
type Access struct {
	Teams   []string // ids of the workspaces (T…) and Enterprise organisations (E…) that are served
	People  Audience // look-ups of people
	Owners  Audience // of who owns which records
	Admins  Audience // of who administers the CRM, and the technical part of /crmstatus
	Contact string   // whom a refusal names: the id of a person or a channel, or words; empty: nobody in particular
}

// ParseTeams reads ids of workspaces and Enterprise organisations with commas
// between them.
func ParseTeams(text string) ([]string, error) {
	teams := listed(text)
	for _, team := range teams {
		if !slackfmt.IsID(team, "TE") {
			return nil, fmt.Errorf("%q is not the id of a workspace (T…) or an Enterprise organisation (E…)", team)
		}
	}
	return teams, nil
}

// serves reports whether a question comes from a workspace that the bot serves.
// Somebody of another organisation can press a button in a shared channel. An
// app that is installed for a whole organisation sends no workspace then, so that
// the user's own has to be listed beside the organisation.
func (a Access) serves(q question) bool {
	ours := a.listed(q.Team) || a.listed(q.Enterprise)
	return ours && (a.listed(q.UserTeam) || slices.Contains([]string{"", q.Team, q.Enterprise}, q.UserTeam))
}

// listed reports whether a workspace or an organisation is served.
func (a Access) listed(team string) bool { return team != "" && slices.Contains(a.Teams, team) }

// audience is who may use a command; nobody, where it has none.
func (a Access) audience(command string) Audience {
	switch command {
	case "/crmuser", "/crmusers":
		return a.People
	case "/crmowner":
		return a.Owners
	case "/crmadmins":
		return a.Admins
	case "/crmstatus":
		return Audience{Everyone: true}
	}
	return Audience{}
}

// door is what a refusal says.
func (a Access) door(who Audience) slackfmt.Door {
	return slackfmt.Door{Channels: who.Channels, Users: who.Users, Groups: who.Groups, Contact: a.Contact}
}

// may reports whether somebody belongs to an audience. An error says that they
// are a guest, or that it could not be found out; then they may not.
func (b *Bot) may(ctx context.Context, q question, who Audience) (bool, error) {
	if slices.Contains(who.Users, q.User) && q.User != "" {
		return true, nil
	}
	ok := who.Everyone || q.Channel != "" && slices.Contains(who.Channels, q.Channel)
	var err error
	for _, group := range who.Groups {
		if ok {
			break
		}
		var failure error
		ok, failure = b.inGroup(ctx, group, q)
		err = errors.Join(err, failure)
	}
	if !ok {
		return false, err
	}
	if who.NoGuests {
		guest, err := b.isGuest(ctx, q)
		if err != nil {
			return false, err
		}
		if guest {
			return false, errGuest
		}
	}
	return true, nil
}

// errGuest says that somebody would belong to an audience if they were no guest.
var errGuest = errors.New("a guest")

// barred gives the answer for who may not ask a question; ok is true for who may.
func (b *Bot) barred(ctx context.Context, q question) (a answered, ok bool) {
	defer timed(&traceOf(ctx).access)()
	if !b.Access.serves(q) {
		return b.foreign(), false
	}
	who := b.audience(q.Command)
	ok, err := b.may(ctx, q, who)
	switch {
	case ok:
		return answered{}, true
	case errors.Is(err, errGuest): // no channel would help
		return refusedFor("guest", slackfmt.NotAllowed(q.Command, b.Access.door(Audience{}))), false
	case err != nil:
		a = refusedFor("not checked", slackfmt.NotChecked(q.Command, b.Access.door(who)))
		a.err, a.failed = err, true
		return a, false
	default:
		return refusedFor("audience", slackfmt.NotAllowed(q.Command, b.Access.door(who))), false
	}
}

// audience is who may use a command, and can: of who owns what nobody can ask
// where no records are read.
func (b *Bot) audience(command string) Audience {
	if command == ownerCommand && b.Records == nil {
		return Audience{}
	}
	return b.Access.audience(command)
}

// foreign is the answer for a workspace that the bot does not serve.
func (b *Bot) foreign() answered {
	return refusedFor("workspace", slackfmt.WrongTeam(b.Access.door(Audience{})))
}

func refusedFor(reason string, m slackfmt.Message) answered {
	return answered{message: m, outcome: "refused: " + reason, refused: reason}
}
