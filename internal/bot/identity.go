package bot

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Identity is whom a bot token belongs to.
type Identity struct {
	Team, TeamID string // the workspace's name and id
	EnterpriseID string // of an organisation's workspace; otherwise empty
	User, UserID string // the bot's own user

	Scopes []string  // that the token has; nil: Slack did not say
	At     time.Time // when Slack answered, by its clock and to the second; zero: it did not say
}

// AuthRefused is the code of Slack that says why it does not take a token, such
// as invalid_auth.
type AuthRefused string

// Error holds nothing but the code.
func (r AuthRefused) Error() string { return "slack: auth.test: " + string(r) }

// AuthTest asks Slack whose a bot token is. api is the base of the Web API, or
// empty for Slack's. An answer that is a refusal is an AuthRefused. No error
// holds the token.
func AuthTest(ctx context.Context, api, botToken string, allowLoopback bool) (Identity, error) {
	api = cmp.Or(api, slackAPI)
	if err := CheckSlackAPI(api, allowLoopback); err != nil {
		return Identity{}, slackError("auth.test", err)
	}
	said, err := slackClient(api, botToken).AuthTestContext(ctx)
	if code := codeOf(err); code != "" {
		return Identity{}, AuthRefused(code)
	}
	if err != nil {
		return Identity{}, slackError("auth.test", err)
	}
	at, _ := http.ParseTime(said.Header.Get("Date")) // zero where there is none
	return Identity{
		Team: said.Team, TeamID: said.TeamID, EnterpriseID: said.EnterpriseID, User: said.User, UserID: said.UserID,
		Scopes: listedScopes(said.Header.Get("X-OAuth-Scopes")), At: at,
	}, nil
}

func slackClient(api, botToken string) *slack.Client {
	return slack.New(botToken, slack.OptionAPIURL(strings.TrimSuffix(api, "/")+"/"), slack.OptionHTTPClient(slackHTTP))
}

// listedScopes are those of a header, with commas between; nil for none.
func listedScopes(header string) (scopes []string) {
	for scope := range strings.SplitSeq(header, ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// Conversation is what Slack tells of a channel.
type Conversation struct {
	Member   bool // the bot is one
	Private  bool
	Archived bool
}

// ChannelRefused is the code of Slack that says why it tells nothing of a channel,
// such as channel_not_found or missing_scope.
type ChannelRefused string

// Error holds nothing but the code.
func (r ChannelRefused) Error() string { return "slack: conversations.info: " + string(r) }

// LookUpChannel asks Slack about a channel, as AuthTest does about a token. An
// answer that is a refusal is a ChannelRefused.
func LookUpChannel(ctx context.Context, api, botToken, channel string, allowLoopback bool) (Conversation, error) {
	api = cmp.Or(api, slackAPI)
	if err := CheckSlackAPI(api, allowLoopback); err != nil {
		return Conversation{}, slackError("conversations.info", err)
	}
	is, err := slackClient(api, botToken).GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: channel})
	if code := codeOf(err); code != "" {
		return Conversation{}, ChannelRefused(code)
	}
	if err != nil {
		return Conversation{}, slackError("conversations.info", err)
	}
	return Conversation{Member: is.IsMember, Private: is.IsPrivate, Archived: is.IsArchived}, nil
}

// codeOf is the code of an answer of Slack's that is one; empty: there is none.
func codeOf(err error) string {
	if e, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return plainCode(e.Err)
	}
	if isRateLimited(err) {
		return "ratelimited"
	}
	return ""
}

// isRateLimited also knows a refusal that does not say how long to wait.
func isRateLimited(err error) bool {
	_, limited := errors.AsType[*slack.RateLimitedError](err)
	e, status := errors.AsType[slack.StatusCodeError](err)
	return limited || status && e.Code == http.StatusTooManyRequests
}
