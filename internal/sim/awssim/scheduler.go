package awssim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// SchedulerAPI plays GetSchedule of EventBridge Scheduler as an http.Handler. It
// tells of schedules and runs none. Its zero value has none. It is safe for
// concurrent use; States is not changed while it answers.
// Source: AWS's EventBridge Scheduler API reference, "GetSchedule".
type SchedulerAPI struct {
	States map[string]string // ENABLED or DISABLED, by the schedules' names; all are in the group default
	Refuse string            // AWS's code instead of every answer; empty: none
}

// ServeHTTP answers one call.
func (s *SchedulerAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, asked := strings.CutPrefix(r.URL.Path, "/schedules/")
	group := r.URL.Query().Get("groupName")
	state, known := s.States[name]
	switch {
	case !signed(r):
		refuse(w, http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token")
	case r.Method != http.MethodGet || !asked || name == "":
		refuse(w, http.StatusNotFound, "UnknownOperationException", "")
	case s.Refuse != "":
		refuse(w, http.StatusForbidden, s.Refuse, "refused")
	case !known || group != "" && group != "default":
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", "Schedule "+name+" does not exist.")
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"Arn": "arn:aws:scheduler:" + Region + ":" + account + ":schedule/default/" + name, "GroupName": "default",
			"Name": name, "State": state,
		})
	}
}

// refuse answers with an error of the REST protocol with JSON.
func refuse(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Message": text})
}
