package bot

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/audit"
	"crmwho/internal/slackfmt"
)

// slackAPI is the base of the Web API unless a setting says otherwise.
const slackAPI = "https://slack.com/api/"

// Hosts of Slack's own: of the Web API, and of the URLs that answers go to.
// Source: Slack's documentation, also that of GovSlack.
var (
	apiHosts   = []string{"slack.com", "slack-gov.com"}
	replyHosts = []string{"hooks.slack.com", "hooks.slack-gov.com"}
)

// slackHTTP is how Slack is called. It follows no redirects: a token and an
// answer go to the host they were meant for or nowhere.
var slackHTTP = &http.Client{
	Timeout:       10 * time.Second,
	Transport:     forgettingConnections(),
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// forgettingConnections opens one for each call: while Lambda has a process
// frozen those that are kept die unseen, and a post is not made again.
func forgettingConnections() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	return t
}

// CheckSlackAPI says why a text is not the base of Slack's Web API.
func CheckSlackAPI(base string, allowLoopback bool) error {
	if strings.ContainsAny(base, "?#") {
		return errHost
	}
	return checkURL(base, apiHosts, allowLoopback)
}

// CheckReplyHost says why a text is not a host, with a port or without, that
// answers may go to besides Slack's.
func CheckReplyHost(host string, allowLoopback bool) error {
	u, err := url.Parse("https://" + host)
	if err != nil || u.Host != host || host == "" || !allowLoopback && isLoopback(u.Hostname()) {
		return errors.New("it is not the name of a host elsewhere")
	}
	return nil
}

var (
	errHost  = errors.New("not one of Slack's hosts")
	errHTTPS = errors.New("not https")
)

// checkURL accepts https at one of the hosts, and this machine for simulators.
// Its errors hold nothing of the URL.
func checkURL(text string, hosts []string, allowLoopback bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.User != nil || u.Host == "":
		return errHost
	case allowLoopback && u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	case u.Scheme != "https":
		return errHTTPS
	case !slices.Contains(hosts, strings.ToLower(u.Host)): // a port is none of Slack's
		return errHost
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// errNoSecrets says that it could not be found out whether Slack's Web API can
// be asked.
var errNoSecrets = errors.New("no secrets")

// errNoBotToken says that Slack's Web API cannot be asked.
var errNoBotToken = errors.New("the bot token of Slack is not set up")

// callSlack calls Slack's Web API, and once more with a token that was just
// read when Slack does not accept the one that was kept.
func (b *Bot) callSlack(ctx context.Context, call string, do func(*slack.Client) error) error {
	err := b.trySlack(ctx, false, do)
	if e, ok := errors.AsType[slack.SlackErrorResponse](err); ok && slices.Contains(tokenRefused, e.Err) {
		err = b.trySlack(ctx, true, do)
	}
	return slackError(call, err)
}

// tokenRefused are the codes for a token that is not accepted any more.
var tokenRefused = []string{"invalid_auth", "token_revoked", "token_expired", "account_inactive"}

func (b *Bot) trySlack(ctx context.Context, again bool, do func(*slack.Client) error) error {
	secrets, err := b.Secrets(ctx, again)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoSecrets, err)
	}
	if secrets.BotToken == "" {
		return errNoBotToken
	}
	base := cmp.Or(b.SlackAPI, slackAPI)
	if err := CheckSlackAPI(base, b.AllowLoopback); err != nil {
		return err
	}
	base = strings.TrimSuffix(base, "/") + "/"
	return do(slack.New(secrets.BotToken, slack.OptionAPIURL(base), slack.OptionHTTPClient(cmp.Or(b.HTTP, slackHTTP))))
}

// slackError keeps of an error what says nothing about anybody: Slack's code,
// the time that is over, or what the bot itself lacks.
func slackError(call string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		err = errors.New(plainCode(e.Err))
		switch e.Err {
		case "not_found": // a view that was closed
			err = fmt.Errorf("%w: %w", errGone, err)
		case "invalid_blocks", "invalid_arguments", "view_too_large":
			err = fmt.Errorf("%w: %w", errRefused, err)
		case "missing_scope":
			err = fmt.Errorf("%w: %w", errMayNot, err)
		}
		return fmt.Errorf("slack: %s: %w", call, err)
	}
	if e, ok := errors.AsType[slack.StatusCodeError](err); ok {
		return fmt.Errorf("slack: %s: HTTP %d", call, e.Code)
	}
	if e, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		return fmt.Errorf("slack: %s: ratelimited, for %v", call, e.RetryAfter)
	}
	if errors.Is(err, errNoSecrets) {
		return fmt.Errorf("slack: %s: %w", call, err)
	}
	for _, known := range []error{context.DeadlineExceeded, context.Canceled, errNoBotToken, errHost, errHTTPS} {
		if errors.Is(err, known) {
			return fmt.Errorf("slack: %s: %w", call, known)
		}
	}
	return fmt.Errorf("slack: %s: no usable reply", call)
}

// post posts a message to a channel, in a thread or in none, without its blocks
// when Slack refuses them. After errNoReceipt it may have arrived.
func (b *Bot) post(ctx context.Context, channel, thread string, m slackfmt.Message) (place audit.Place, err error) {
	err = b.withoutBlocks(ctx, m, func(m slackfmt.Message) error {
		said := contents(m)
		if thread != "" {
			said = append(said, slack.MsgOptionTS(thread))
		}
		return b.callOnce(ctx, "post", func(ctx context.Context, api *slack.Client) (err error) {
			place.Channel, place.TS, err = api.PostMessageContext(ctx, channel, said...)
			return err
		})
	})
	return place, err
}

// update changes a message that was posted.
func (b *Bot) update(ctx context.Context, place audit.Place, m slackfmt.Message) error {
	return b.withoutBlocks(ctx, m, func(m slackfmt.Message) error {
		return b.callSlack(ctx, "update", func(api *slack.Client) error {
			said := contents(m)
			if len(m.Blocks) == 0 {
				said = append(said, slack.MsgOptionBlocks()) // takes away those that stand there
			}
			_, _, _, err := api.UpdateMessageContext(ctx, place.Channel, place.TS, said...)
			return err
		})
	})
}

// upload attaches a file. After errNoReceipt it may be there.
func (b *Bot) upload(ctx context.Context, file slack.UploadFileParameters, data []byte) error {
	return b.callOnce(ctx, "file", func(ctx context.Context, api *slack.Client) error {
		file.FileSize, file.Reader = len(data), bytes.NewReader(data)
		_, err := api.UploadFileContext(ctx, file)
		return err
	})
}

// linkTime bounds asking for a permalink, which is not worth much waiting.
const linkTime = 2 * time.Second

// permalink is the address of a message, or empty where Slack does not tell it.
func (b *Bot) permalink(ctx context.Context, place audit.Place) (link string) {
	ctx, cancel := context.WithTimeout(ctx, linkTime)
	defer cancel()
	err := b.callSlack(ctx, "permalink", func(api *slack.Client) (err error) {
		link, err = api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: place.Channel, Ts: place.TS})
		return err
	})
	if err != nil {
		b.log().WarnContext(ctx, "no permalink", "err", err)
	}
	return link
}

// contents are a message's text and blocks.
func contents(m slackfmt.Message) []slack.MsgOption {
	said := []slack.MsgOption{slack.MsgOptionText(m.Text, false), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl()}
	if len(m.Blocks) > 0 {
		said = append(said, slack.MsgOptionBlocks(m.Blocks...))
	}
	return said
}

// withoutBlocks sends a message, and its text alone when Slack refuses the blocks.
func (b *Bot) withoutBlocks(ctx context.Context, m slackfmt.Message, send func(slackfmt.Message) error) error {
	err := send(m)
	if errors.Is(err, errRefused) && len(m.Blocks) > 0 {
		b.log().WarnContext(ctx, "blocks refused", "err", err)
		err = send(m.TextOnly())
	}
	return err
}

// callOnce makes a call that is not to be made twice, after waiting where Slack
// asks for that. After errNoReceipt it may have done what it does.
func (b *Bot) callOnce(ctx context.Context, call string, do func(context.Context, *slack.Client) error) error {
	lost := false
	err := b.callSlack(ctx, call, func(api *slack.Client) (err error) {
		for range maxCalls {
			sending, sent := noteSending(ctx)
			err = do(sending, api)
			lost = err != nil && sent.Load() && !isReply(err)
			limited, ok := errors.AsType[*slack.RateLimitedError](err)
			if !ok || limited.RetryAfter > maxWait || !inTimeFor(ctx, limited.RetryAfter) || !sleep(ctx, limited.RetryAfter) {
				break
			}
		}
		return err
	})
	if lost {
		return fmt.Errorf("%w: %w", errNoReceipt, err)
	}
	return err
}

// maxCalls is how often a call is made that Slack asks to wait with.
const maxCalls = 3

// isReply reports whether a call failed because Slack says so.
func isReply(err error) bool {
	_, refused := errors.AsType[slack.SlackErrorResponse](err)
	_, failed := errors.AsType[slack.StatusCodeError](err)
	_, limited := errors.AsType[*slack.RateLimitedError](err)
	return refused || failed || limited
}

// plainCode keeps a code that looks like one of Slack's.
func plainCode(code string) string {
	if code == "" || len(code) > 60 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return fmt.Sprintf("(%d bytes)", len(code))
	}
	return code
}

// What Slack allows of a response URL.
// Source: Slack's documentation, "Handling user interaction".
const (
	replyURLLife = 30 * time.Minute
	replyURLUses = 5
)

// Ends of an answer on its way.
var (
	// errGone says that a place takes no answer any more.
	errGone = errors.New("no answer is taken there any more")
	// errRefused says that Slack does not take the message.
	errRefused = errors.New("message refused")
	// errMayNot says that the bot token lacks a scope.
	errMayNot = errors.New("not allowed")
)

// isFinal reports whether sending an answer again would not help.
func isFinal(err error) bool {
	for _, final := range []error{errGone, errRefused, errNoBotToken, errHost, errHTTPS} {
		if errors.Is(err, final) {
			return true
		}
	}
	return false
}

// replier posts to one response URL.
type replier struct {
	bot   *Bot
	url   string
	uses  int           // that are left, each for one request
	plain bool          // Slack refuses the blocks
	wait  time.Duration // that Slack asked for last, before another request
}

// post sends a message: again when Slack asks to wait for it and there is time
// to, and without its blocks when Slack refuses them.
func (r *replier) post(ctx context.Context, m slackfmt.Message, mayWait bool) error {
	for {
		if r.plain {
			m = m.TextOnly()
		}
		err := r.try(ctx, m)
		switch {
		case errors.Is(err, errRefused) && len(m.Blocks) > 0:
			r.bot.log().WarnContext(ctx, "blocks refused", "err", err)
			if r.plain = true; r.uses == 0 {
				return errLater
			}
		case r.wait > 0 && r.uses > 0 && mayWait && inTimeFor(ctx, r.wait):
			if !sleep(ctx, r.wait) {
				return err
			}
		default:
			return err
		}
	}
}

// errLater says that a message has to wait for another attempt.
var errLater = errors.New("response URL: without blocks at the next attempt")

// inTimeFor reports whether ctx allows to wait.
func inTimeFor(ctx context.Context, wait time.Duration) bool {
	deadline, limited := ctx.Deadline()
	return !limited || time.Until(deadline) > wait
}

// try makes one request.
func (r *replier) try(ctx context.Context, m slackfmt.Message) error {
	if r.wait = 0; r.uses <= 0 {
		return fmt.Errorf("response URL: %w: its uses are spent", errGone)
	}
	if err := checkURL(r.url, append(slices.Clone(replyHosts), r.bot.ReplyHosts...), r.bot.AllowLoopback); err != nil {
		return fmt.Errorf("response URL: %w: %w", errGone, err)
	}
	body, err := m.JSON()
	if err != nil {
		return err
	}
	ctx, sent := noteSending(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("response URL: %w", errGone)
	}
	req.Header.Set("Content-Type", "application/json")
	r.uses--
	reply, err := cmp.Or(r.bot.HTTP, slackHTTP).Do(req)
	switch {
	case err != nil && sent.Load():
		return fmt.Errorf("%w: %w", errNoReceipt, slackError("response URL", err))
	case err != nil:
		return slackError("response URL", err)
	}
	defer reply.Body.Close()
	if reply.StatusCode == http.StatusTooManyRequests {
		seconds, _ := strconv.ParseUint(reply.Header.Get("Retry-After"), 10, 16)
		r.wait = max(1, time.Duration(seconds)) * time.Second
	}
	return judged(reply)
}

// noteSending tells when a request with ctx is on its way.
func noteSending(ctx context.Context) (context.Context, *atomic.Bool) {
	sent := &atomic.Bool{}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}), sent
}

// errNoReceipt says that a message may have arrived or not.
var errNoReceipt = errors.New("it may have arrived")

// judged says what a reply to a post means. Slack's body holds a code.
func judged(reply *http.Response) error {
	status := reply.StatusCode
	if status/100 == 2 {
		return nil
	}
	code := replyCode(reply.Body)
	problem := fmt.Errorf("response URL: HTTP %d %s", status, code)
	passing := []int{http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests}
	switch {
	case code == "expired_url", code == "used_url", status == http.StatusNotFound, status == http.StatusGone:
		return fmt.Errorf("%w: %w", errGone, problem)
	case status < 400, slices.Contains(passing, status), status >= 500 && !strings.Contains(code, "block"):
		return problem
	default:
		return fmt.Errorf("%w: %w", errRefused, problem)
	}
}

// replyCode reads the code of a refusal: {"error":"invalid_blocks"}, or the
// bare word.
func replyCode(body io.Reader) string {
	data, err := io.ReadAll(io.LimitReader(body, 4<<10))
	if err != nil {
		return "(unreadable)"
	}
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(data, &said) == nil && said.Error != "" {
		return plainCode(said.Error)
	}
	return plainCode(string(bytes.TrimSpace(data)))
}
