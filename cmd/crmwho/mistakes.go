package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// mistake is what is wrong, in a sentence without its full stop, and what to do
// about it, in whole sentences.
type mistake struct{ says, next string }

func (m mistake) Error() string { return m.says + ". " + m.next }

// filled puts values in the place of their names in braces.
func (m mistake) filled(values ...string) mistake {
	r := strings.NewReplacer(values...)
	return mistake{r.Replace(m.says), r.Replace(m.next)}
}

// words are what a mistake's names in braces stand for, at a data centre.
func (b *backend) words(accounts string) []string {
	console := "the API console of that data centre"
	if dc, ok := zoho.DataCentreAt(accounts); ok {
		console = dc.ConsoleURL
	}
	modules, _ := b.recordModules() // what is wrong with them is told elsewhere
	return append(b.aboutRefresh(),
		"{accounts}", strings.TrimPrefix(accounts, "https://"), "{console}", console,
		"{scopes}", strings.Join(token.Scopes(modules), ","), "{setup}", b.command("setup"), "{deploy}", b.deploy(),
	)
}

// byExchange says what a code that Zoho does not take comes from, by Zoho's
// words for it.
var byExchange = map[string]mistake{
	"invalid_code": {
		"Zoho at {accounts} does not take the code: it lives for a few minutes, works once, and belongs to this client and this data centre",
		"Make another code in the self client at {console}, and run {setup} again."},
	"invalid_client": {
		"Zoho at {accounts} knows no client with this client id",
		"Copy the client id from {console}; if the CRM's address ends otherwise, give that data centre. Then run {setup} again with a new code."},
	"invalid_client_secret": {
		"Zoho at {accounts} knows the client id, and the client secret is not that client's",
		"Copy the client secret from {console}, and run {setup} again with a new code."},
}

var (
	inOtherDataCentre = mistake{
		"Zoho at {accounts} gave a token for the CRM of another data centre",
		"Make the self client in the data centre where the CRM lives, which its log-in page's address tells, and run {setup} again with that data centre."}
	tooManyExchanges = mistake{
		"Zoho says that there were too many exchanges of late",
		"Wait for ten minutes, since trying before prolongs that; then make another code at {console}, and run {setup} again."}
	noAccounts = mistake{
		"Zoho's accounts server {accounts} cannot be reached or fails",
		"Look at this computer's connection and at Zoho's status page. Run {setup} again, with the same code while it lives and a new one after that."}
	noRefreshToken = mistake{
		"Zoho took the code and gave no refresh token for it: it is not a self client's",
		"Make the code in the self client at {console}, not with another kind of client, and run {setup} again."}
	foreignCode = mistake{
		"The CRM does not take the access token that came of the code",
		"Make a code in the self client at {console}, for the organisation whose CRM is meant, and run {setup} again."}
	strangeReply = mistake{
		"Zoho at {accounts} answered something that is not known here: {error}",
		"Make another code at {console}, and run {setup} once more. If it stays so, the error belongs into a report to this project."}
)

// exchangeMistake puts a failed exchange into words.
func (b *backend) exchangeMistake(ctx context.Context, err error, accounts string) error {
	if err := interrupted(ctx); err != nil {
		return err
	}
	code := ""
	if e, ok := errors.AsType[*zoho.Error](err); ok {
		code = e.Code
	}
	m, known := byExchange[code]
	switch {
	case known:
	case errors.Is(err, zoho.ErrOtherDataCentre):
		m = inOtherDataCentre
	case errors.Is(err, zoho.ErrThrottled), code == "access_denied":
		m = tooManyExchanges
	case errors.Is(err, zoho.ErrUnavailable):
		m = noAccounts
	default:
		m = strangeReply
	}
	return m.filled(append(b.words(accounts), "{error}", err.Error())...)
}

// byCondition says what keeps the CRM from being read. The first that fits
// counts.
var byCondition = []struct {
	condition error
	mistake
}{
	{zoho.ErrScopeMissing, mistake{
		"The grant lacks the scope {scope}",
		"Make a code in the self client at {console} with the scopes {scopes}, and run {setup}."}},
	{zoho.ErrNoModule, mistake{
		"The CRM has no module {name}",
		"Take it out of the stack's parameter " + paramModules + ", or give the API name that the CRM has for it: {deploy} " + paramModules + "=… does."}},
	{zoho.ErrNoAPIAccess, mistake{
		`The profile of the CRM user behind the grant lacks the permission "Zoho CRM API Access"`,
		"An administrator of the CRM has to tick it in that profile. Then run {setup}, or {doctor} if that was done before."}},
	{zoho.ErrNoPermission, mistake{
		"The CRM user behind the grant may not read {name}",
		"Let an administrator of the CRM allow it in that user's profile, or make the code as a user who may, and run {setup}."}},
	{zoho.ErrTokenRefused, mistake{
		"The CRM does not take the access token",
		"Run {refresh}. If that does not help, make a code at {console} for the right organisation, and run {setup}."}},
	{zoho.ErrThrottled, mistake{
		"The CRM says that there are too many calls",
		"Wait for some minutes, and try again. If it stays so, the organisation has used up its calls of the day."}},
	{zoho.ErrUnavailable, mistake{
		"The CRM cannot be reached or fails",
		"Look at this computer's connection and at Zoho's status page, and try again."}},
	{nil, mistake{
		"The CRM answered something that is not known here: {error}",
		"Try again. If it stays so, the error belongs into a report to this project."}},
}

// crmMistake puts into words why something could not be read.
func (b *backend) crmMistake(a access, err error, accounts string) mistake {
	i := slices.IndexFunc(byCondition, func(row struct {
		condition error
		mistake
	}) bool {
		return row.condition == nil || errors.Is(err, row.condition)
	})
	values := []string{"{scope}", a.scope, "{name}", a.name, "{error}", err.Error(), "{doctor}", b.command("doctor")}
	return byCondition[i].filled(append(b.words(accounts), values...)...)
}

// clock is a time in words.
func clock(t time.Time) string { return t.UTC().Format("15:04 UTC on 2 January") }
