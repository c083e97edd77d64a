package zohosim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

// controls are what POST /control/NAME does, with what stands in the JSON body.
// What a control gives is the answer's body; nil stands for {}.
var controls = map[string]func(*Zoho, controlInput) (object, error){
	"add-user": func(z *Zoho, in controlInput) (object, error) {
		id, err := z.AddUser(in.Fields)
		return object{"id": id}, err
	},
	"change-user": func(z *Zoho, in controlInput) (object, error) { return nil, z.ChangeUser(in.ID, in.Fields) },
	"rename-user": func(z *Zoho, in controlInput) (object, error) {
		return nil, z.RenameUser(in.ID, in.FirstName, in.LastName)
	},
	"promote-user": func(z *Zoho, in controlInput) (object, error) { return nil, z.PromoteUser(in.ID) },
	"demote-user":  func(z *Zoho, in controlInput) (object, error) { return nil, z.DemoteUser(in.ID) },
	"enable-user":  func(z *Zoho, in controlInput) (object, error) { return nil, z.EnableUser(in.ID) },
	"disable-user": func(z *Zoho, in controlInput) (object, error) { return nil, z.DisableUser(in.ID) },
	"delete-user":  func(z *Zoho, in controlInput) (object, error) { return nil, z.DeleteUser(in.ID) },
	"remove-user":  func(z *Zoho, in controlInput) (object, error) { return nil, z.RemoveUser(in.ID) },

	"add-record": func(z *Zoho, in controlInput) (object, error) {
		id, err := z.AddRecord(in.Module, in.Fields)
		return object{"id": id}, err
	},
	"change-record": func(z *Zoho, in controlInput) (object, error) {
		return nil, z.ChangeRecord(in.Module, in.ID, in.Fields)
	},

	"add-fault":    func(z *Zoho, in controlInput) (object, error) { return nil, z.AddFault(in.fault()) },
	"clear-faults": func(z *Zoho, _ controlInput) (object, error) { z.ClearFaults(); return nil, nil },
	"expire-tokens": func(z *Zoho, _ controlInput) (object, error) {
		z.ExpireTokens()
		return nil, nil
	},
	"advance-clock": func(z *Zoho, in controlInput) (object, error) {
		z.AdvanceClock(time.Duration(in.By))
		return nil, nil
	},
	"grant-token": func(z *Zoho, in controlInput) (object, error) {
		return object{"code": z.NewGrantToken(time.Duration(in.Life), in.Scopes...)}, nil
	},
	"calls": func(z *Zoho, _ controlInput) (object, error) { return z.tally(), nil },
}

// controlInput has the fields of all controls.
type controlInput struct {
	Module    string         `json:"module"`
	ID        string         `json:"id"`
	FirstName string         `json:"first_name"`
	LastName  string         `json:"last_name"`
	Fields    map[string]any `json:"fields"`

	Path        string    `json:"path"`
	Query       string    `json:"query"`
	Kind        FaultKind `json:"kind"`
	Latency     duration  `json:"latency"`
	After       int       `json:"after"`
	Times       int       `json:"times"`
	Probability float64   `json:"probability"`
	Status      int       `json:"status"`
	RetryAfter  duration  `json:"retry_after"`

	By     duration `json:"by"`
	Life   duration `json:"life"`
	Scopes []string `json:"scopes"`
}

func (in controlInput) fault() Fault {
	return Fault{
		Path: in.Path, Query: in.Query, Module: in.Module, Kind: in.Kind, Latency: time.Duration(in.Latency), After: in.After, Times: in.Times,
		Probability: in.Probability, Status: in.Status, RetryAfter: time.Duration(in.RetryAfter),
	}
}

// duration is written as Go writes one, such as "1.5s".
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// tally counts the calls so far and what they have cost.
func (z *Zoho) tally() object {
	kinds := map[Kind]int{}
	for _, c := range z.Calls() {
		kinds[c.Kind]++
	}
	return object{"calls": kinds, "busiest": z.Busiest(), "credits": z.Credits()}
}

// errNotJSON keeps web pages of others from steering: a browser asks before it
// sends JSON to another server.
var errNotJSON = errors.New("send a JSON object with the content type application/json")

// control answers the control endpoint. GET /control lists what there is, and
// GET /control/calls does what POST does.
func (z *Zoho) control(r request) answer {
	names := slices.Sorted(maps.Keys(controls))
	do, known := controls[r.id]
	switch {
	case r.Method == http.MethodGet && r.id == "":
		return encoded(http.StatusOK, object{"controls": names, "fault_kinds": FaultKinds()})
	case r.Method == http.MethodGet && r.id == "calls":
		return encoded(http.StatusOK, z.tally())
	case r.Method != http.MethodPost || !known:
		return controlError(http.StatusNotFound, fmt.Errorf("POST one of these below /control/: %s", strings.Join(names, ", ")))
	}
	in, err := controlInputOf(r)
	if err != nil {
		return controlError(http.StatusBadRequest, err)
	}
	out, err := do(z, in)
	if err != nil {
		return controlError(http.StatusBadRequest, err)
	}
	if out == nil {
		out = object{}
	}
	return encoded(http.StatusOK, out)
}

func controlInputOf(r request) (in controlInput, err error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return in, errNotJSON
	}
	if len(bytes.TrimSpace(r.body)) == 0 {
		return in, nil
	}
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return in, fmt.Errorf("%w: %w", errNotJSON, err)
	}
	return in, nil
}

func controlError(status int, err error) answer { return encoded(status, object{"error": err.Error()}) }
