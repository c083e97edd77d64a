package zoho

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// dataCentre is one of Zoho's separate installations. A grant, its tokens and
// its records live in one of them and are unknown in the others.
type dataCentre struct {
	accounts string // host of the accounts server
	api      string // domain of the API; its hosts stand below it
}

// dataCentres lists Zoho's installations. Canada's, Australia's and China's
// hosts are irregular. Source: Zoho's accounts documentation on multiple data
// centres and the hosts in Zoho's own SDKs; that the CRM is served in the last
// two is not documented.
var dataCentres = []dataCentre{
	{"accounts.zoho.com", "zohoapis.com"},
	{"accounts.zoho.eu", "zohoapis.eu"},
	{"accounts.zoho.in", "zohoapis.in"},
	{"accounts.zoho.com.au", "zohoapis.com.au"},
	{"accounts.zoho.jp", "zohoapis.jp"},
	{"accounts.zoho.com.cn", "zohoapis.com.cn"},
	{"accounts.zohocloud.ca", "zohoapis.ca"},
	{"accounts.zoho.sa", "zohoapis.sa"},
	{"accounts.zoho.uk", "zohoapis.uk"},
	{"accounts.zoho.ae", "zohoapis.ae"},
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

func accountsURL(base string, allowLoopback bool) (*url.URL, error) {
	return checkBase("accounts server", base, allowLoopback, func(host string) bool {
		return slices.ContainsFunc(dataCentres, func(dc dataCentre) bool { return dc.accounts == host })
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

var errOtherDataCentre = errors.New("API domain: of another data centre than the accounts server")

// apiDomain gives the API base for a token that the accounts server issued:
// the one it named, or the data centre's own when it named none.
func apiDomain(accounts *url.URL, named string, allowLoopback bool) (string, error) {
	i := slices.IndexFunc(dataCentres, func(dc dataCentre) bool { return dc.accounts == accounts.Host })
	if named == "" && i >= 0 {
		return "https://www." + dataCentres[i].api, nil
	}
	u, err := apiURL(named, allowLoopback)
	if err != nil {
		return "", err
	}
	if i >= 0 && !slices.Contains(dataCentres[i].apiHosts(), u.Host) {
		return "", errOtherDataCentre
	}
	return u.String(), nil
}
