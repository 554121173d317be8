package account_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/account"
)

func hierarchy(t *testing.T, accounts ...account.Account) account.Hierarchy {
	h, err := account.NewHierarchy(accounts)
	require.NoError(t, err)
	return h
}

// group is headquarters, a country that pays for itself, and its branches.
var group = []account.Account{
	{ID: "hq"},
	{ID: "fr", ParentID: "hq"},
	{ID: "paris", ParentID: "fr", InvoicedTo: account.Self, PaidBy: account.Parent},
	{ID: "lyon", ParentID: "fr", InvoicedTo: account.Parent, PaidBy: account.Parent},
	{ID: "de", ParentID: "hq", InvoicedTo: account.Parent, PaidBy: account.Parent},
	{ID: "bonn", ParentID: "de", InvoicedTo: account.Parent, PaidBy: account.Parent},
}

func TestWhoPays(t *testing.T) {
	t.Parallel()
	h := hierarchy(t, group...)
	for id, want := range map[string][2]string{
		"hq": {"hq", "hq"}, "fr": {"fr", "fr"}, "paris": {"paris", "fr"}, "lyon": {"fr", "fr"}, "de": {"hq", "hq"}, "bonn": {"hq", "hq"},
	} {
		to, err := h.InvoicedTo(id)
		require.NoError(t, err)
		payer, err := h.Payer(id)
		require.NoError(t, err)
		require.Equal(t, want, [2]string{to, payer}, id)
	}
	_, err := h.Payer("rome")
	require.ErrorContains(t, err, `account "rome" does not exist`)
}

func TestHierarchyRefuses(t *testing.T) {
	t.Parallel()
	for want, accounts := range map[string][]account.Account{
		`id is required`:                                 {{}},
		`account "a" is there twice`:                     {{ID: "a"}, {ID: "a"}},
		`account "a": its parent "b" does not exist`:     {{ID: "a", ParentID: "b"}},
		`account "a": paid_by is parent, but it has no`:  {{ID: "a", PaidBy: account.Parent}},
		`account "a": invoiced_to "them" must be one of`: {{ID: "a", InvoicedTo: "them"}},
		`accounts are above themselves: a → b → c → a`:   {{ID: "a", ParentID: "b"}, {ID: "b", ParentID: "c"}, {ID: "c", ParentID: "a"}},
		`accounts are above themselves: a → a`:           {{ID: "a", ParentID: "a"}},
	} {
		_, err := account.NewHierarchy(accounts)
		require.ErrorContains(t, err, want)
	}
}

func TestSharing(t *testing.T) {
	t.Parallel()
	office := account.Sharing{CustomerID: "ada", Currency: "EUR", Zone: "Europe/Berlin", BillingGroup: "office", PONumber: "PO-1"}
	require.True(t, office.With(office))
	for _, differ := range []func(*account.Sharing){
		func(s *account.Sharing) { s.CustomerID = "bob" },
		func(s *account.Sharing) { s.Currency = "USD" },
		func(s *account.Sharing) { s.Zone = "Europe/Paris" },
		func(s *account.Sharing) { s.BillingGroup = "lab" },
		func(s *account.Sharing) { s.PONumber = "" },
	} {
		other := office
		differ(&other)
		require.False(t, office.With(other), "%+v", other)
	}
	alone := office
	alone.BillingGroup = ""
	require.False(t, alone.With(alone), "without a group there is nothing to share")
}
