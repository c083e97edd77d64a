package zoho_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// socketed is a client of sim over sockets, with the transport that it uses by
// itself, and the number of connections that were made.
func socketed(t *testing.T, sim *zohosim.Zoho, tls bool) (*zoho.Client, *atomic.Int64) {
	t.Helper()
	var made atomic.Int64
	server := httptest.NewUnstartedServer(sim)
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			made.Add(1)
		}
	}
	web := zoho.DefaultHTTP()
	if tls {
		server.StartTLS()
		web.Transport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	t.Cleanup(web.CloseIdleConnections)
	oauth := &zoho.OAuth{ClientID: sim.ClientID, ClientSecret: sim.ClientSecret, AccountsURL: server.URL, AllowLoopback: true, HTTP: web}
	grant, err := oauth.Refresh(t.Context(), sim.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	return &zoho.Client{
		Tokens:        func(context.Context) (zoho.Token, error) { return grant.Token, nil },
		HTTP:          web,
		AllowLoopback: true,
		Log:           quiet,
	}, &made
}

// TestConnectionsAreUsedAgain by calls at once, and after refusals and empty replies.
func TestConnectionsAreUsedAgain(t *testing.T) {
	organisation := zohosim.Generate(3000, 0)
	sim := zohosim.New(zohosim.Config{Organisation: &organisation})
	client, made := socketed(t, sim, false)
	for range 2 {
		if n := atOnce(client); n != 3000 {
			t.Fatalf("got %d users", n)
		}
		_, _ = client.User(t.Context(), "42")
		_, _ = client.ListUsers(t.Context(), zoho.ListUsersOptions{Type: "Nobody"})
		_, _ = client.ListUsers(t.Context(), zoho.ListUsersOptions{Page: 99})
	}
	if n := made.Load(); n > 8 { // three, and those dialled while one was just becoming free
		t.Errorf("%d connections for %d calls", n, len(sim.Calls()))
	}
}

func TestNothingIsWaitedForForEver(t *testing.T) {
	if d := zoho.DefaultHTTP().Timeout; d <= 0 || d > time.Minute {
		t.Errorf("the time-out is %v", d)
	}
}

func TestHTTP2WhereItIsOffered(t *testing.T) {
	client, _ := socketed(t, zohosim.New(zohosim.Config{}), true)
	transport := client.HTTP.Transport
	client.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		reply, err := transport.RoundTrip(r)
		if err == nil && reply.ProtoMajor != 2 {
			t.Errorf("spoke %s", reply.Proto)
		}
		return reply, err
	})}
	if users, err := client.ReadUsers(t.Context(), zoho.AllUsers); err != nil || len(users) != 15 {
		t.Errorf("got %d users, %v", len(users), err)
	}
}

// TestAResetConnectionIsTriedAgain over a real one.
func TestAResetConnectionIsTriedAgain(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	client, _ := socketed(t, sim, false)
	if err := sim.AddFault(zohosim.Fault{Kind: zohosim.Reset, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if users, err := client.ReadUsers(t.Context(), zoho.AllUsers); err != nil || len(users) != 15 {
		t.Errorf("got %d users, %v", len(users), err)
	}
}
