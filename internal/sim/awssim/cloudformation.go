package awssim

import (
	"cmp"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// CloudFormation plays DescribeStacks of AWS CloudFormation as an http.Handler:
// whole stacks, all on one page. Its zero value has none. It is safe for
// concurrent use; Stacks is not changed after the first call.
// Source: AWS's CloudFormation API reference, "DescribeStacks".
type CloudFormation struct {
	Stacks map[string]Stack // by name
	Refuse string           // AWS's code instead of every answer; empty: none
}

// Stack is what is known of a deployed template, by key.
type Stack struct {
	Status     string    // empty: CREATE_COMPLETE
	Updated    time.Time // when it was last changed; zero: never since it was made
	Outputs    map[string]string
	Parameters map[string]string
}

// ServeHTTP answers one call.
func (c *CloudFormation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	queryAPI{"DescribeStacks", "2010-05-15", c.describeStacks}.serve(w, r)
}

type describeStacksResult struct {
	XMLName xml.Name    `xml:"DescribeStacksResult"`
	Stacks  []described `xml:"Stacks>member"`
}

type described struct {
	StackID      string `xml:"StackId"`
	StackName    string
	StackStatus  string
	CreationTime string
	LastUpdated  string      `xml:"LastUpdatedTime,omitempty"`
	Outputs      []output    `xml:"Outputs>member"`
	Parameters   []parameter `xml:"Parameters>member"`
}

type output struct {
	OutputKey   string
	OutputValue string
}

type parameter struct {
	ParameterKey   string
	ParameterValue string
}

// describeStacks gives the stack of a name or an id, or all when none is asked for.
func (c *CloudFormation) describeStacks(form url.Values) any {
	if c.Refuse != "" {
		return queryError{http.StatusBadRequest, c.Refuse, "refused"}
	}
	asked := form.Get("StackName")
	var out describeStacksResult
	for _, name := range slices.Sorted(maps.Keys(c.Stacks)) {
		if s := c.stack(name); !form.Has("StackName") || asked == name || asked == s.StackID {
			out.Stacks = append(out.Stacks, s)
		}
	}
	if form.Has("StackName") && out.Stacks == nil {
		return queryError{http.StatusBadRequest, "ValidationError", "Stack with id " + asked + " does not exist"}
	}
	return out
}

func (c *CloudFormation) stack(name string) described {
	known := c.Stacks[name]
	s := described{
		StackID:      "arn:aws:cloudformation:" + Region + ":" + account + ":stack/" + name + "/00000000-0000-0000-0000-000000000000",
		StackName:    name,
		StackStatus:  cmp.Or(known.Status, "CREATE_COMPLETE"),
		CreationTime: "2026-01-01T00:00:00Z",
	}
	if !known.Updated.IsZero() {
		s.LastUpdated = known.Updated.UTC().Format(time.RFC3339Nano)
	}
	for _, key := range slices.Sorted(maps.Keys(known.Outputs)) {
		s.Outputs = append(s.Outputs, output{key, known.Outputs[key]})
	}
	for _, key := range slices.Sorted(maps.Keys(known.Parameters)) {
		s.Parameters = append(s.Parameters, parameter{key, known.Parameters[key]})
	}
	return s
}
