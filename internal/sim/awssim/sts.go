package awssim

import (
	"encoding/xml"
	"net/http"
	"net/url"
)

// STS plays GetCallerIdentity of AWS's Security Token Service as an http.Handler.
// Whoever signs is the same sample user: AWS asks for no permission.
// Source: AWS's STS API reference, "GetCallerIdentity".
type STS struct {
	Refuse string // AWS's code instead of every answer; empty: none
}

// ServeHTTP answers one call.
func (s *STS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	queryAPI{"GetCallerIdentity", "2011-06-15", s.callerIdentity}.serve(w, r)
}

type callerIdentityResult struct {
	XMLName xml.Name `xml:"GetCallerIdentityResult"`
	ARN     string   `xml:"Arn"`
	UserID  string   `xml:"UserId"`
	Account string
}

func (s *STS) callerIdentity(url.Values) any {
	if s.Refuse != "" {
		return queryError{http.StatusForbidden, s.Refuse, "refused"}
	}
	return callerIdentityResult{ARN: "arn:aws:iam::" + account + ":user/sample-user", UserID: "AIDASAMPLE", Account: account}
}
