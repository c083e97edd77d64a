package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// day is how the played Zoho is.
type day struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Note   string `json:"note,omitempty"`
	faults []zohosim.Fault
}

// days are those that the page offers, the usual one first.
var days = []day{
	{"well", "Well", "", nil},
	{"slow", "Slow", "each answer takes four seconds", []zohosim.Fault{{Path: crmPath, Latency: 4 * time.Second}}},
	{"throttled", "Throttled", "too many calls: come back in a minute", []zohosim.Fault{{Path: crmPath, Kind: zohosim.Throttled, RetryAfter: time.Minute}}},
	{"down", "Down", "nothing but HTTP 503", []zohosim.Fault{{Kind: zohosim.HTML, Status: 503}}},
	{"refusing", "Refuses tokens", "old ones and new ones", []zohosim.Fault{{Path: crmPath, Kind: zohosim.InvalidToken}}},
	{deadGrant, "Grant is dead", "somebody has revoked it", []zohosim.Fault{
		{Path: "/oauth/", Kind: zohosim.InvalidCode}, {Path: crmPath, Kind: zohosim.InvalidToken}}},
}

const (
	crmPath   = "/crm/"
	deadGrant = "dead"
)

var errRealCRM = errors.New("this is a real Zoho CRM: the page changes nothing in it")

// setDay changes how Zoho is. A grant that was dead is connected anew when it is
// no longer, as crmwho setup does. The schedules notice either at once.
func (s *scene) setDay(ctx context.Context, id string) error {
	i := slices.IndexFunc(days, func(d day) bool { return d.ID == id })
	switch {
	case s.zoho == nil:
		return errRealCRM
	case i < 0:
		return errors.New("there is no such day")
	}
	before, err := s.become(days[i])
	if err != nil {
		return err
	}
	if id != deadGrant && before != deadGrant && before != "refusing" {
		return nil
	}
	if id == deadGrant {
		s.zoho.ExpireTokens()
	}
	return errors.Join(s.refresh(ctx, token.Request{Force: true}), s.job(ctx, syncJob))
}

// become makes the played Zoho so, and gives how it was.
func (s *scene) become(d day) (before string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zoho.ClearFaults()
	for _, f := range d.faults {
		err = errors.Join(err, s.zoho.AddFault(f))
	}
	before, s.day = s.day, d.ID
	return before, err
}

// maxAhead is how far the clock can be moved.
const maxAhead = 366 * 24 * time.Hour

// advance moves the clock by some seconds. What the schedules would have done
// meanwhile is done once.
func (s *scene) advance(ctx context.Context, seconds int64) error {
	if s.zoho == nil {
		return errors.New("this is a real Zoho CRM: its clock cannot be moved")
	}
	if err := s.moveOn(seconds); err != nil || seconds < int64(refreshEvery/time.Second) {
		return err
	}
	return errors.Join(s.job(ctx, refreshJob), s.job(ctx, syncJob))
}

func (s *scene) moveOn(seconds int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := maxAhead - s.kept.Ahead; seconds <= 0 || seconds > int64(left/time.Second) {
		return errors.New("the clock goes forward, up to a year")
	}
	s.kept.Ahead += time.Duration(seconds) * time.Second
	s.ahead.Store(int64(s.kept.Ahead))
	s.changed()
	return nil
}

// Jobs that the page can start.
const (
	refreshJob = "token-refresh"
	syncJob    = "directory-sync"
	auditJob   = "admin-audit"
)

// job does a job now. What becomes of it stands in its exchange.
func (s *scene) job(ctx context.Context, name string) error {
	payload := map[string]string{"job": name}
	switch name {
	case refreshJob:
		return s.refresh(ctx, token.Request{})
	case auditJob:
		payload["scheduled"] = s.now().UTC().Format(time.RFC3339)
	case syncJob:
	default:
		return errors.New("there is no such job")
	}
	data, _ := json.Marshal(payload) // texts are representable
	s.do(ctx, name, func(ctx context.Context) (string, error) {
		_, err := s.bot.bot.Do(ctx, data)
		return "", err
	})
	return nil
}

// refresh exchanges the token where that is due or forced. That there were too
// many exchanges is an error: whoever plays with the days of Zoho gets there.
func (s *scene) refresh(ctx context.Context, r token.Request) (err error) {
	s.do(ctx, refreshJob, func(ctx context.Context) (string, error) {
		report, failed := s.bot.keeper.Run(ctx, r)
		if report.Outcome == token.OverBudget {
			err = fmt.Errorf("the token was exchanged %d times in ten minutes, which is all that the bot does: move the clock on by ten minutes", token.Budget)
		}
		return string(report.Outcome), failed
	})
	return err
}

// do does a job as an exchange.
func (s *scene) do(ctx context.Context, name string, job func(context.Context) (result string, err error)) {
	x, began := s.begin("job "+name, 0), time.Now()
	result, err := job(withExchange(ctx, x.ID))
	s.mu.Lock()
	x.Result = result
	s.mu.Unlock()
	s.ended(x, began, 0, err)
}

// change is what became of a person of the played CRM.
type change struct {
	ID string `json:"id"`
	Do string `json:"do"`
}

// changes are those that the page offers.
var changes = map[string]func(z *zohosim.Zoho, id string) error{
	"promote": (*zohosim.Zoho).PromoteUser,
	"demote":  (*zohosim.Zoho).DemoteUser,
	"disable": (*zohosim.Zoho).DisableUser,
	"enable":  (*zohosim.Zoho).EnableUser,
}

// person changes somebody in the played CRM.
func (s *scene) person(c change) error {
	do := changes[c.Do]
	switch {
	case s.zoho == nil:
		return errRealCRM
	case do == nil:
		return errors.New("there is no such change")
	}
	if err := do(s.zoho, c.ID); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.Changes = append(s.kept.Changes, c)
	s.changed()
	return nil
}

// replay brings the played CRM to where it was.
func (s *scene) replay() {
	for _, c := range s.kept.Changes {
		_ = changes[c.Do](s.zoho, c.ID) // it could be done before
	}
}

// found is somebody whom the page may change.
type found struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Note string `json:"note"`
}

// people finds whom somebody may mean by what they have typed so far.
func (s *scene) people(ctx context.Context, typed string) []found {
	all := []found{}
	q, err := directory.Parse(strings.TrimSpace(typed))
	if err != nil || strings.TrimSpace(typed) == "" {
		return all
	}
	for _, u := range s.bot.bot.People.Recall(ctx, q).Users {
		if len(all) < 10 {
			all = append(all, found{u.ID, u.FullName, noteOf(u)})
		}
	}
	return all
}

func noteOf(u zoho.User) string {
	return fmt.Sprintf("%s · %s · %s", u.Role.Name, u.Profile.Name, u.Status)
}
