package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/local"
	"crmwho/internal/store"
)

// history is where a bot keeps the list of people and the audits: on AWS the
// stack's bucket, and over a folder what the page over a real CRM keeps.
func (d *doctor) history() (store.Store, error) {
	if d.outputs != nil {
		return d.records()
	}
	dir, err := configDir(d.place.dir)
	return local.RealHistory(dir), err
}

// oldPeople is the age at which the list of people is too old: schedules bring it
// up to date many times an hour.
const oldPeople = time.Hour

func (d *doctor) lookAtPeople(ctx context.Context) (verdict, mistake) {
	in, err := d.history()
	if err != nil {
		return because(err)
	}
	taken, err := directory.ReadTaken(ctx, in)
	switch {
	case errors.Is(err, store.ErrNotExist):
		return failed, mistake{"There is none yet, so that nobody can be found", d.readThem()}
	case errors.Is(err, directory.ErrUnusable):
		return failed, mistake{"It cannot be used: " + err.Error(), d.readThem()}
	case err != nil:
		return because(d.unreadableRecords(ctx, err))
	}
	age := time.Since(taken.At)
	says := fmt.Sprintf("It has %d people, as they were %s ago", taken.Count, span(age))
	if taken.Count == 1 {
		says = fmt.Sprintf("It has one person, as of %s ago", span(age))
	}
	if age > oldPeople {
		return warning, mistake{says, d.readThem()}
	}
	return fine("%s", says)
}

// readThem says what brings a list of people.
func (d *doctor) readThem() string {
	accounts := d.oauth.AccountsServer
	switch {
	case accounts == "":
		return "Connect Zoho CRM first, with " + d.command("setup") + "."
	case d.outputs == nil:
		return "Run " + d.readPeople(accounts) + ", which reads everybody when it starts."
	}
	return "The schedule " + scheduleSync + " should do it every few minutes: look at the other checks, and at the log of " + d.outputs[outUsersQuery] + ". To do it at once, with the AWS CLI 2, run " + d.readPeople(accounts)
}

func (d *doctor) lookAtAudits(ctx context.Context) (verdict, mistake) {
	if d.outputs != nil && d.parameters[paramAuditChannel] == "" {
		return skip("There are none, since the stack's parameter " + paramAuditChannel + " is empty")
	}
	in, err := d.history()
	if err != nil {
		return because(err)
	}
	posted, lost, err := lastAudits(ctx, audit.Ledger{Store: in})
	if err != nil {
		return because(d.unreadableRecords(ctx, err))
	}
	unfinished, err := bot.Unfinished(ctx, in)
	if err != nil {
		return because(d.unreadableRecords(ctx, err))
	}
	var all several
	all.add(d.judgeAudit(posted))
	if lost.Failed != nil {
		all.add(warning, mistake{"The one of " + clock(lost.At) + " failed: " + lost.Failed.Reason, auditAtOnce})
	}
	for _, u := range unfinished {
		if over := time.Since(u.Began) > triedAgain; !u.Held && !(over && posted.At.After(u.Began)) {
			all.add(warning, mistake{"The one that was begun at " + clock(u.Began) + " is not finished", "While the bot runs it goes on with it, for a day after that. " + auditAtOnce})
		}
	}
	return all.sum()
}

// triedAgain is how long the bot goes on with an audit.
const triedAgain = 24 * time.Hour

const auditAtOnce = "In Slack, /crmadmins audit makes one at once."

// lastAudits gives the last audit that was posted, and a later one that failed.
// Their zero values stand for none.
func lastAudits(ctx context.Context, l audit.Ledger) (posted, lost audit.Record, err error) {
	last, err := l.Last(ctx)
	if err != nil {
		return posted, lost, err
	}
	posted, _, err = l.Find(ctx, last+1, func(r audit.Record) bool {
		if r.Failed != nil && lost.Failed == nil {
			lost = r
		}
		return r.Posted != nil
	})
	return posted, lost, err
}

// judgeAudit tells how old the last audit is. A folder has no schedule.
func (d *doctor) judgeAudit(posted audit.Record) (verdict, mistake) {
	switch {
	case posted.Posted == nil && d.outputs == nil:
		return skip("None was posted here")
	case posted.Posted == nil:
		return warning, mistake{"None was posted yet", auditAtOnce}
	}
	age := time.Since(posted.At)
	says := "The last one was posted " + span(age) + " ago"
	hours, err := strconv.ParseFloat(d.parameters[paramAuditMaxAge], 64)
	if err == nil && age.Hours() > hours {
		return failed, mistake{
			says + ", and the stack's parameter " + paramAuditMaxAge + " is " + d.parameters[paramAuditMaxAge],
			"Look whether the schedule " + scheduleAudit + " is enabled, and why its runs fail in the log of " + d.outputs[outUsersQuery] + ". " + auditAtOnce}
	}
	return fine("%s", says)
}

// span is a time that has passed, in words.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return life(int(max(0, d).Seconds()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// reading is what another's clock says of this computer's.
type reading struct {
	whose string
	ahead time.Duration // how far this computer's is ahead
}

// compare takes the time of somebody's answer to a question that was asked at a
// time of this computer's; zero: it told none. An answer comes half way between,
// as far as anybody knows, and its header has whole seconds.
func (d *doctor) compare(whose string, at, asked time.Time) {
	if at.IsZero() {
		return
	}
	half := time.Since(asked) / 2
	d.clocks = append(d.clocks, reading{whose, asked.Add(half).Sub(at.Add(time.Second / 2))})
}

// How far clocks may differ. Slack's signatures and AWS's are taken for five
// minutes.
const (
	clockWarning = time.Minute
	clockFailure = 4 * time.Minute
)

// lookAtClock takes the clock that this computer's differs from least: an answer
// that something on the way has kept for a while is old.
func (d *doctor) lookAtClock(context.Context) (verdict, mistake) {
	if len(d.clocks) == 0 {
		return skip("Nobody who was asked has told the time")
	}
	nearest := d.clocks[0]
	for _, r := range d.clocks {
		if r.ahead.Abs() < nearest.ahead.Abs() {
			nearest = r
		}
	}
	way := "ahead of"
	if nearest.ahead < 0 {
		way = "behind"
	}
	off := mistake{
		"This computer's clock is " + life(int(nearest.ahead.Abs().Seconds())) + " " + way + " " + nearest.whose + "'s; what differs by five minutes is refused",
		"Let the clock be set from the network: with timedatectl set-ntp true on Linux, in the settings of date and time on a Mac, with w32tm /resync on Windows. Then run " + d.command("doctor") + " again."}
	switch diff := nearest.ahead.Abs(); {
	case diff > clockFailure:
		return failed, off
	case diff > clockWarning:
		return warning, off
	}
	return fine("This computer's agrees with %s's", nearest.whose)
}
