package slackfmt_test

import (
	"strings"
	"testing"

	"crmwho/internal/slackfmt"
)

// Generated ids.
const (
	salesOps, crmHelp, board, hidden = "C024BE91L", "C0GENERATED2", "C0GENERATED3", "G0GENERATED4"
	kim, lee, sam                    = "U023BECGF", "W0GENERATED2", "U0GENERATED3"
	admins, managers                 = "S0615G0KT", "S0GENERATED2"
)

func TestGoldenDoor(t *testing.T) {
	for name, d := range map[string]slackfmt.Door{
		"nobody":        {},
		"channel":       {Channels: []string{salesOps}, Contact: kim},
		"channels":      {Channels: []string{salesOps, crmHelp, board}, Users: []string{lee}, Groups: []string{admins}, Contact: "the CRM team"},
		"many-channels": {Channels: []string{salesOps, crmHelp, board, hidden}, Contact: crmHelp},
		"people":        {Users: []string{kim, lee}, Groups: []string{admins}},
		"many-people":   {Users: []string{kim, lee, sam}, Groups: []string{admins}},
		"groups":        {Groups: []string{admins, managers}, Contact: kim},
	} {
		golden(t, "not-allowed-"+name, slackfmt.NotAllowed("/crmadmins", d))
	}
	golden(t, "not-checked", slackfmt.NotChecked("/crmadmins", slackfmt.Door{Groups: []string{admins}, Contact: kim}))
	golden(t, "wrong-team", slackfmt.WrongTeam(slackfmt.Door{Contact: "the IT desk, desk@example.com"}))
}

func TestRefusals(t *testing.T) {
	const runs = " If you need it, please ask whoever runs me."
	for _, c := range []struct {
		name string
		door slackfmt.Door
		want string
	}{
		{"an empty door", slackfmt.Door{}, "Sorry, /crmadmins is not open to you." + runs},
		{"one channel", slackfmt.Door{Channels: []string{salesOps}}, "Sorry, /crmadmins is not open to you here. It works in <#C024BE91L>." + runs},
		{"a channel twice", slackfmt.Door{Channels: []string{salesOps, salesOps}}, "Sorry, /crmadmins is not open to you here. It works in <#C024BE91L>." + runs},
		{"one person", slackfmt.Door{Users: []string{lee}}, "Sorry, /crmadmins is not open to you. It is open to <@W0GENERATED2>." + runs},
		{"a group", slackfmt.Door{Groups: []string{admins}}, "Sorry, /crmadmins is not open to you. It is open to <!subteam^S0615G0KT>." + runs},
		{"what is no id", slackfmt.Door{Channels: []string{"", "C", "#sales", kim, "c024be91l", "C024>", "C" + strings.Repeat("0", 3000)}, Users: []string{salesOps, "kim"}, Groups: []string{kim}}, "Sorry, /crmadmins is not open to you." + runs},
		{"words like an id", slackfmt.Door{Contact: "CONTROLLERS."}, "Sorry, /crmadmins is not open to you. If you need it, please ask CONTROLLERS."},
		{"an empty contact", slackfmt.Door{Users: []string{kim}, Contact: " "}, "Sorry, /crmadmins is not open to you. It is open to <@U023BECGF>." + runs},
		{"a private channel", slackfmt.Door{Users: []string{kim}, Contact: hidden}, "Sorry, /crmadmins is not open to you. It is open to some people only. If you need it, please ask in <#G0GENERATED4>."},
	} {
		m := slackfmt.NotAllowed("/crmadmins", c.door)
		check(t, c.name, m, salesOps, hidden, kim, lee, admins)
		if m.Text != c.want {
			t.Errorf("%s: got %q, want %q", c.name, m.Text, c.want)
		}
	}
}

func TestWrongTeamMentionsNobody(t *testing.T) {
	d := slackfmt.Door{Channels: []string{salesOps}, Users: []string{kim}, Groups: []string{admins}, Contact: kim}
	check(t, "wrong team", slackfmt.WrongTeam(d))
	d.Contact = salesOps
	check(t, "wrong team", slackfmt.WrongTeam(d))
}

func TestManyAreNotNamed(t *testing.T) {
	var d slackfmt.Door
	for range 100 {
		d.Channels = append(d.Channels, salesOps+strings.Repeat("0", len(d.Channels)%20))
		d.Users = append(d.Users, kim+strings.Repeat("0", len(d.Users)%20))
	}
	check(t, "many", slackfmt.NotAllowed("/crmadmins", d))
	d.Channels = nil
	check(t, "many people", slackfmt.NotAllowed("/crmadmins", d))
}

// TestContactsOfEveryKind: W ids are people, G ids channels, and an id has a length.
func TestContactsOfEveryKind(t *testing.T) {
	for contact, want := range map[string]string{"U0HELP12": "ask <@U0HELP12>.", "W0HELP12": "ask <@W0HELP12>.", "C0HELP12": "ask in <#C0HELP12>.", "G0HELP12": "ask in <#G0HELP12>.", "CRM": "ask CRM.", "UKQJVBHMX": "ask <@UKQJVBHMX>.", "U0" + strings.Repeat("A", 29): "ask U0A"} {
		if got := slackfmt.NotAllowed("/crmuser", slackfmt.Door{Contact: contact}).Text; !strings.Contains(got, want) {
			t.Errorf("%s: got %q", contact, got)
		}
	}
	if got := slackfmt.NotAllowed("/crmuser", slackfmt.Door{Groups: []string{"C0HELP12"}}).Text; strings.Contains(got, "subteam") {
		t.Errorf("got %q", got)
	}
}
