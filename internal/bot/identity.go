package bot

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/slack-go/slack"
)

// Identity is whom a bot token belongs to.
type Identity struct {
	Team, TeamID string // the workspace's name and id
	EnterpriseID string // of an organisation's workspace; otherwise empty
	User, UserID string // the bot's own user
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
	client := slack.New(botToken, slack.OptionAPIURL(strings.TrimSuffix(api, "/")+"/"), slack.OptionHTTPClient(slackHTTP))
	said, err := client.AuthTestContext(ctx)
	if e, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return Identity{}, AuthRefused(plainCode(e.Err))
	}
	if isRateLimited(err) {
		return Identity{}, AuthRefused("ratelimited")
	}
	if err != nil {
		return Identity{}, slackError("auth.test", err)
	}
	return Identity{
		Team: said.Team, TeamID: said.TeamID, EnterpriseID: said.EnterpriseID, User: said.User, UserID: said.UserID,
	}, nil
}

// isRateLimited also knows a refusal that does not say how long to wait.
func isRateLimited(err error) bool {
	_, limited := errors.AsType[*slack.RateLimitedError](err)
	e, status := errors.AsType[slack.StatusCodeError](err)
	return limited || status && e.Code == http.StatusTooManyRequests
}
