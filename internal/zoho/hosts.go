package zoho

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// DataCentre is one of Zoho's separate installations, as a person who connects
// the CRM meets it. Its location is Zoho's short name of it, such as "eu".
type DataCentre struct {
	Location    string
	AccountsURL string // its accounts server, in the form that OAuth.AccountsURL takes
	ConsoleURL  string // its API console, where self clients are made; only the pattern of these addresses is documented
}

// DataCentres lists them all, always in the same order. The slice is the
// caller's own.
func DataCentres() []DataCentre {
	var all []DataCentre
	for _, dc := range dataCentres {
		all = append(all, dc.exported())
	}
	return all
}

// DataCentreAt finds the one of an accounts server, in capitals or not, with a
// slash at its end or not. There is none of an address that CheckAccountsURL
// refuses, nor of this machine's own.
func DataCentreAt(accounts string) (DataCentre, bool) {
	u, err := accountsURL(accounts, false)
	if err != nil {
		return DataCentre{}, false
	}
	dc, known := dataCentreOf(u.Host)
	return dc.exported(), known
}

// dataCentre is one of Zoho's separate installations. A grant, its tokens and
// its records live in one of them and are unknown in the others.
type dataCentre struct {
	location string
	accounts string // host of the accounts server
	api      string // domain of the API; its hosts stand below it
}

// dataCentres lists Zoho's installations. Canada's, Australia's and China's
// hosts are irregular. Source: Zoho's accounts documentation on multiple data
// centres and the hosts in Zoho's own SDKs; that the CRM is served in the last
// two is not documented.
var dataCentres = []dataCentre{
	{"us", "accounts.zoho.com", "zohoapis.com"},
	{"eu", "accounts.zoho.eu", "zohoapis.eu"},
	{"in", "accounts.zoho.in", "zohoapis.in"},
	{"au", "accounts.zoho.com.au", "zohoapis.com.au"},
	{"jp", "accounts.zoho.jp", "zohoapis.jp"},
	{"cn", "accounts.zoho.com.cn", "zohoapis.com.cn"},
	{"ca", "accounts.zohocloud.ca", "zohoapis.ca"},
	{"sa", "accounts.zoho.sa", "zohoapis.sa"},
	{"uk", "accounts.zoho.uk", "zohoapis.uk"},
	{"ae", "accounts.zoho.ae", "zohoapis.ae"},
}

func dataCentreOf(accountsHost string) (dataCentre, bool) {
	for _, dc := range dataCentres {
		if dc.accounts == accountsHost {
			return dc, true
		}
	}
	return dataCentre{}, false
}

// exported puts the console beside the accounts server. Zoho documents
// api-console.zoho.<tld>; that Canada's follows its accounts server is not.
func (dc dataCentre) exported() DataCentre {
	return DataCentre{
		Location:    dc.location,
		AccountsURL: "https://" + dc.accounts,
		ConsoleURL:  "https://api-console." + strings.TrimPrefix(dc.accounts, "accounts."),
	}
}

// apiHosts are the hosts of a data centre's API: production, sandbox and
// developer edition. Source: Zoho's SDKs.
func (dc dataCentre) apiHosts() []string {
	return []string{"www." + dc.api, "sandbox." + dc.api, "developer." + dc.api}
}

// CheckAccountsURL says why base cannot be the accounts server that a client's
// secrets are sent to: anything but https on one of Zoho's accounts hosts. With
// allowLoopback the machine's own addresses are accepted too, also over http.
func CheckAccountsURL(base string, allowLoopback bool) error {
	_, err := accountsURL(base, allowLoopback)
	return err
}

// CheckAPIDomain says why tokens of an accounts server cannot open the API at
// domain: where that is another data centre's the error is ErrOtherDataCentre.
func CheckAPIDomain(domain, accounts string, allowLoopback bool) error {
	u, err := accountsURL(accounts, allowLoopback)
	if err == nil && domain == "" {
		return errors.New("API domain: empty")
	}
	if err == nil {
		_, err = apiDomain(u, domain, allowLoopback)
	}
	return err
}

func accountsURL(base string, allowLoopback bool) (*url.URL, error) {
	return checkBase("accounts server", base, allowLoopback, func(host string) bool {
		_, known := dataCentreOf(host)
		return known
	})
}

// apiURL checks the api_domain of a token in the same way.
func apiURL(base string, allowLoopback bool) (*url.URL, error) {
	return checkBase("API domain", base, allowLoopback, func(host string) bool {
		return slices.ContainsFunc(dataCentres, func(dc dataCentre) bool { return slices.Contains(dc.apiHosts(), host) })
	})
}

func checkBase(what, base string, allowLoopback bool, known func(host string) bool) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("%s: not a URL", what)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("%s: more than scheme and host", what)
	}
	u = &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
	switch {
	case allowLoopback && isLoopback(u.Hostname()) && (u.Scheme == "http" || u.Scheme == "https"):
		return u, nil
	case u.Scheme != "https":
		return nil, fmt.Errorf("%s: not https", what)
	case !known(u.Host):
		return nil, fmt.Errorf("%s: not a Zoho host", what)
	}
	return u, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// apiDomain gives the API base for a token that the accounts server issued:
// the one it named, or the data centre's own when it named none. The domain of
// another data centre is ErrOtherDataCentre.
func apiDomain(accounts *url.URL, named string, allowLoopback bool) (string, error) {
	dc, zohos := dataCentreOf(accounts.Host)
	if named == "" && zohos {
		return "https://www." + dc.api, nil
	}
	u, err := apiURL(named, allowLoopback && !zohos)
	if err != nil {
		return "", err
	}
	if zohos && !slices.Contains(dc.apiHosts(), u.Host) {
		return "", ErrOtherDataCentre
	}
	return u.String(), nil
}
