package records_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// Who owns what is called so, and what else they own.
func ExampleFinder() {
	z := zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.com"})
	played := &http.Client{Transport: z}
	accounts := &zoho.OAuth{ClientID: z.ClientID, ClientSecret: z.ClientSecret, AccountsURL: "https://accounts.zoho.com", HTTP: played}
	ctx := context.Background()
	grant, err := accounts.Refresh(ctx, z.RefreshToken)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &zoho.Client{HTTP: played, Tokens: func(context.Context) (zoho.Token, error) { return grant.Token, nil }}
	users, err := client.ReadUsers(ctx, zoho.AllUsers)
	if err != nil {
		fmt.Println(err)
		return
	}
	people := directory.NewSnapshot(time.Now(), users, nil)

	finder := &records.Finder{CRM: client}
	q, err := records.Parse("gentest renewal")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range records.Join(people, finder.Find(ctx, q, false).Records) {
		fmt.Printf("%s, %s, owned by %s\n", r.Name, r.Shown[0].Value, r.Owner.User.FullName)
		for _, c := range finder.Owned(ctx, r.Owner.User.ID, false).Counts {
			fmt.Printf("%s: %d, %d open\n", c.Module, c.Records, c.Open)
		}
	}
	// Output:
	// Gentest Industries renewal, Negotiation/Review, owned by Lee
	// Deals: 1, 1 open
}
