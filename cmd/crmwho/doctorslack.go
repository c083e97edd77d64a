package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"crmwho/internal/bot"
)

func (d *doctor) lookAtSlack(ctx context.Context) (verdict, mistake) {
	switch {
	case d.noSlack != "":
		return skip(d.noSlack)
	case d.botToken == "":
		return skip("There is no bot token")
	}
	asked := time.Now()
	is, err := d.authTest(ctx, d.botToken)
	if err != nil {
		return because(err)
	}
	d.identity = is
	d.compare("Slack", is.At, asked)
	if stranger := d.stranger(is); stranger != "" {
		teams := strings.ReplaceAll(d.parameters[paramSlackTeams], " ", "") + "," + is.TeamID
		return warning, mistake{stranger, "Install the app in a workspace that is answered, or answer this one too, with " + d.deploy(paramSlackTeams+"="+teams) + "."}
	}
	return fine("It takes the bot token, which is %s's in the workspace %s (%s)", is.User, is.Team, is.TeamID)
}

// slackScope is one that the app's manifest asks for.
type slackScope struct {
	name string
	why  string // what is done with it, or where it can be declined, what is lost without it
	may  bool   // be declined
}

// slackScopes are those of the manifest, which has the reasons beside them.
func slackScopes() ([]slackScope, error) {
	text, err := manifest("https://example.invalid")
	if err != nil {
		return nil, err
	}
	var m struct {
		OAuth struct {
			Scopes struct {
				Bot      yaml.Node `yaml:"bot"`
				Optional yaml.Node `yaml:"bot_optional"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
	}
	if err := yaml.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	var all []slackScope
	for _, s := range m.OAuth.Scopes.Bot.Content {
		scope := slackScope{name: s.Value, why: strings.TrimPrefix(s.LineComment, "# ")}
		for _, o := range m.OAuth.Scopes.Optional.Content {
			if o.Value == s.Value {
				scope.may, scope.why = true, strings.TrimPrefix(o.LineComment, "# without it: ")
			}
		}
		all = append(all, scope)
	}
	return all, nil
}

// lookAtScopes compares those that the token has with those of the manifest.
func (d *doctor) lookAtScopes(context.Context) (verdict, mistake) {
	switch {
	case d.noSlack != "":
		return skip(d.noSlack)
	case d.identity.TeamID == "":
		return skip("Slack was not asked, or did not answer")
	case d.identity.Scopes == nil:
		return skip("Slack did not say which scopes the bot token has")
	}
	wanted, err := slackScopes()
	if err != nil {
		return skip("The manifest cannot be read: " + err.Error())
	}
	var all several
	all.add(fine("The bot token has all %d that the manifest asks for", len(wanted)))
	for _, s := range wanted {
		if d.mayInSlack(s.name) {
			continue
		}
		v := failed
		if s.may {
			v = warning
		}
		all.add(v, mistake{"The bot token lacks " + s.name + ": " + s.why, d.otherScopes()})
	}
	return all.sum()
}

// otherScopes is how the app gets those that it lacks. A manifest has a stack's
// address, which a folder has none of.
func (d *doctor) otherScopes() string {
	if base.MatchString(d.apiURL()) {
		return `Install the app again with the manifest of this version: paste what ` + program + ` manifest --url ` + d.apiURL() + ` prints on the app's page "App Manifest", then follow "Install App" and grant what it asks for.`
	}
	return `Add what is lacking on the app's page "OAuth & Permissions", below "Bot Token Scopes", then follow "Install App" and grant what it asks for.`
}

// mayInSlack reports whether the bot token has a scope.
func (d *doctor) mayInSlack(scope string) bool { return slices.Contains(d.identity.Scopes, scope) }

// lookAtChannels looks whether the bot is in those that the stack posts to.
func (d *doctor) lookAtChannels(ctx context.Context) (verdict, mistake) {
	if d.identity.TeamID == "" {
		return skip("Slack was not asked, or did not answer")
	}
	audits, notices := d.parameters[paramAuditChannel], d.parameters[paramNoticeChannel]
	var all several
	if audits != "" {
		all.add(d.lookAtChannel(ctx, paramAuditChannel, audits))
	}
	if notices != "" && notices != audits {
		all.add(d.lookAtChannel(ctx, paramNoticeChannel, notices))
	}
	if all.verdict == "" {
		return skip("The stack names none: its parameters " + paramAuditChannel + " and " + paramNoticeChannel + " are empty")
	}
	return all.sum()
}

// lookAtChannel looks whether the bot is in the channel of a parameter.
func (d *doctor) lookAtChannel(ctx context.Context, parameter, channel string) (verdict, mistake) {
	is, err := bot.LookUpChannel(ctx, d.slackAPI, d.botToken, channel, d.loopback)
	name := parameter + " (" + channel + ")"
	invite := "Type /invite @" + d.identity.User + " in the channel " + channel + "."
	other := "deploy with another, as in " + d.deploy(parameter+"=C…") + "."
	switch {
	case err != nil:
		return d.channelUnknown(err, name, invite+" If it is the wrong one, "+other)
	case is.Archived:
		return failed, mistake{name + " is archived, so that nothing can be posted there", "Unarchive it in Slack, or " + other}
	case is.Member:
		return fine("The bot is in %s", name)
	case !is.Private && d.mayInSlack("chat:write.public"):
		return warning, mistake{"The bot is not in " + name + ": it posts there all the same, since it is public, but attaches no files", invite}
	}
	return failed, mistake{"The bot is not in " + name + ", so that nothing can be posted there", invite}
}

// channelUnknown says why it is not known whether the bot is in a channel. Without
// the scope for private ones those look as if they did not exist.
func (d *doctor) channelUnknown(err error, name, invite string) (verdict, mistake) {
	refused, _ := errors.AsType[bot.ChannelRefused](err)
	const look = "Look at the channel's members in Slack, or install the app again with the scopes channels:read and groups:read."
	switch {
	case refused == "missing_scope":
		return skipped, mistake{"Whether the bot is in " + name + " is not known, because the bot token lacks a scope", look}
	case refused == "channel_not_found" && !d.mayInSlack("groups:read"):
		return skipped, mistake{"Whether the bot is in " + name + " is not known: a private channel does not show without the scope groups:read", look}
	case refused == "channel_not_found":
		return failed, mistake{"Slack shows the bot no channel " + name + ": it is private and the bot is not in it, or there is none", invite}
	case refused == "ratelimited":
		return skipped, mistake{"Slack says that there are too many calls", "Wait for a minute, and try again."}
	}
	return failed, mistake{"Slack does not tell of " + name + ": " + err.Error(), "Look at Slack's status page, and try again."}
}
